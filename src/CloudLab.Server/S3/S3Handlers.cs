using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Buckets;
using CloudLab.Server.S3.Cors;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Listing;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3;

/// <summary>Each operation's handler.</summary>
internal sealed class S3Handlers
{
    private readonly ListBucketsHandler _listBuckets;
    private readonly BucketHandler _bucket;
    private readonly VersioningHandler _versioning;
    private readonly BucketTaggingHandler _bucketTagging;
    private readonly EncryptionHandler _encryption;
    private readonly PolicyHandler _policy;
    private readonly BucketAclHandler _bucketAcl;
    private readonly ListObjectsHandler _listObjects;
    private readonly ListVersionsHandler _listVersions;
    private readonly ListUploadsHandler _listUploads;
    private readonly GetObjectHandler _get;
    private readonly PutObjectHandler _put;
    private readonly CopyObjectHandler _copy;
    private readonly DeleteHandler _delete;
    private readonly ObjectAttributesHandler _attributes;
    private readonly ObjectTaggingHandler _objectTagging;
    private readonly ObjectAclHandler _objectAcl;
    private readonly MultipartHandler _multipart;
    private readonly CompleteUploadHandler _complete;

    public S3Handlers(
        ObjectStore store, BucketAccessReader buckets, S3Authorizer authorizer, IS3Credentials credentials, IS3Quotas quotas, S3Options options)
    {
        var settings = new BucketSettings(store);
        var access = new ObjectAccess(authorizer);
        var writes = new ObjectWrites(store, authorizer, credentials);
        var sources = new CopySources(store, buckets, access);
        Cors = new CorsHandler(store, settings);
        _listBuckets = new(store, options);
        _bucket = new(store, credentials, quotas, options);
        _versioning = new(store);
        _bucketTagging = new(settings);
        _encryption = new(settings);
        _policy = new(settings);
        _bucketAcl = new(settings, credentials);
        _listObjects = new(store, credentials);
        _listVersions = new(store, credentials);
        _listUploads = new(store, authorizer, credentials);
        _get = new(store, access);
        _put = new(store, writes, quotas);
        _copy = new(store, writes, sources, quotas);
        _delete = new(store, authorizer);
        _attributes = new(store, access);
        _objectTagging = new(store, authorizer);
        _objectAcl = new(store, access, credentials);
        _multipart = new(store, writes, authorizer, sources, quotas);
        _complete = new(store);
    }

    public CorsHandler Cors { get; }

    /// <summary>Answers a request. Operations on a bucket itself are allowed already; those on objects decide on access themselves.</summary>
    /// <returns>Null when it is answered, else what to answer.</returns>
    public Task<S3Error?> HandleAsync(S3Request request) => request.Operation switch
    {
        S3Operation.ListBuckets => _listBuckets.HandleAsync(request),
        S3Operation.CreateBucket => _bucket.CreateAsync(request),
        S3Operation.HeadBucket => Task.FromResult(_bucket.Head(request)),
        S3Operation.DeleteBucket => _bucket.DeleteAsync(request),
        S3Operation.GetBucketLocation => BucketHandler.GetLocationAsync(request),
        S3Operation.GetBucketVersioning => VersioningHandler.GetAsync(request),
        S3Operation.PutBucketVersioning => _versioning.PutAsync(request),
        S3Operation.GetBucketTagging => _bucketTagging.GetAsync(request),
        S3Operation.PutBucketTagging => _bucketTagging.PutAsync(request),
        S3Operation.DeleteBucketTagging => _bucketTagging.DeleteAsync(request),
        S3Operation.GetBucketCors => Cors.GetAsync(request),
        S3Operation.PutBucketCors => Cors.PutAsync(request),
        S3Operation.DeleteBucketCors => Cors.DeleteAsync(request),
        S3Operation.GetBucketPolicy => _policy.GetAsync(request),
        S3Operation.PutBucketPolicy => _policy.PutAsync(request),
        S3Operation.DeleteBucketPolicy => _policy.DeleteAsync(request),
        S3Operation.GetBucketPolicyStatus => PolicyHandler.GetStatusAsync(request),
        S3Operation.GetBucketAcl => BucketAclHandler.GetAsync(request),
        S3Operation.PutBucketAcl => _bucketAcl.PutAsync(request),
        S3Operation.GetBucketOwnershipControls => _bucketAcl.GetOwnershipAsync(request),
        S3Operation.PutBucketOwnershipControls => _bucketAcl.PutOwnershipAsync(request),
        S3Operation.DeleteBucketOwnershipControls => _bucketAcl.DeleteOwnershipAsync(request),
        S3Operation.GetPublicAccessBlock => _bucketAcl.GetPublicAccessBlockAsync(request),
        S3Operation.PutPublicAccessBlock => _bucketAcl.PutPublicAccessBlockAsync(request),
        S3Operation.DeletePublicAccessBlock => _bucketAcl.DeletePublicAccessBlockAsync(request),
        S3Operation.GetBucketEncryption => _encryption.GetAsync(request),
        S3Operation.PutBucketEncryption => _encryption.PutAsync(request),
        S3Operation.DeleteBucketEncryption => _encryption.DeleteAsync(request),
        S3Operation.GetAbsentConfiguration => AbsentConfigurationHandler.GetAsync(request),
        S3Operation.DeleteAbsentConfiguration => Task.FromResult(S3Response.NoContent(request)),
        S3Operation.ListObjects => _listObjects.ListAsync(request),
        S3Operation.ListObjectsV2 => _listObjects.ListV2Async(request),
        S3Operation.ListObjectVersions => _listVersions.HandleAsync(request),
        S3Operation.ListMultipartUploads => _listUploads.ListUploadsAsync(request),
        S3Operation.DeleteObjects => _delete.DeleteManyAsync(request),
        S3Operation.PutObject => _put.HandleAsync(request),
        S3Operation.CopyObject => _copy.HandleAsync(request),
        S3Operation.GetObject or S3Operation.HeadObject => _get.HandleAsync(request),
        S3Operation.DeleteObject => _delete.DeleteAsync(request),
        S3Operation.GetObjectAttributes => _attributes.HandleAsync(request),
        S3Operation.GetObjectTagging => _objectTagging.GetAsync(request),
        S3Operation.PutObjectTagging => _objectTagging.PutAsync(request),
        S3Operation.DeleteObjectTagging => _objectTagging.DeleteAsync(request),
        S3Operation.GetObjectAcl => _objectAcl.GetAsync(request),
        S3Operation.PutObjectAcl => _objectAcl.PutAsync(request),
        S3Operation.CreateMultipartUpload => _multipart.CreateAsync(request),
        S3Operation.UploadPart => _multipart.UploadPartAsync(request),
        S3Operation.UploadPartCopy => _multipart.CopyPartAsync(request),
        S3Operation.CompleteMultipartUpload => _complete.HandleAsync(request),
        S3Operation.AbortMultipartUpload => _multipart.AbortAsync(request),
        S3Operation.ListParts => _listUploads.ListPartsAsync(request),
    };
}
