using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>GetObjectAcl and PutObjectAcl.</summary>
internal sealed class ObjectAclHandler(ObjectStore store, ObjectAccess access, IS3Credentials credentials)
{
    public async Task<S3Error?> GetAsync(S3Request request)
    {
        S3Result<ObjectVersion> version = Find(request);
        if (!version.IsOk) return version.Error;
        ObjectResponse.WriteVersion(request, version.Value);
        AccessControlList acl = request.Bucket.IsOwnerEnforced
            ? AccessControlList.Private(request.Bucket.Owner)
            : await NameAsync(ObjectAccess.AclOf(version.Value, request.Bucket), request.Aborted);
        return await S3Response.WriteXmlAsync(request, AclXml.Write(acl));
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<ObjectVersion> version = Find(request);
        if (!version.IsOk) return version.Error;
        S3Owner owner = (await NameAsync(ObjectAccess.AclOf(version.Value, request.Bucket), request.Aborted)).Owner;
        S3Result<AccessControlList> acl = await AclRequest.ReadAsync(request, owner, credentials);
        if (!acl.IsOk) return acl.Error;
        var change = new ObjectChange { Documents = new Dictionary<string, byte[]?> { [ObjectAccess.AclDocument] = AclXml.Write(acl.Value) } };
        StoreResult<ObjectVersion> changed =
            await store.ChangeObjectAsync(request.BucketName, request.Key, version.Value.VersionId, change, request.Aborted);
        if (!changed.IsOk) return StoreErrors.Map(changed.Failure, request.BucketName);
        ObjectResponse.WriteVersion(request, changed.Value);
        return S3Response.Empty(request);
    }

    private S3Result<ObjectVersion> Find(S3Request request)
    {
        S3Permission permission = S3Permission.Of(request.Operation);
        StoreResult<ObjectVersion> found = store.HeadObject(request.BucketName, request.Key, request.VersionId);
        if (!found.IsOk)
        {
            return access.Missing(
                request, request.Bucket, request.Key, request.VersionId, permission, StoreErrors.Map(found.Failure, request.BucketName));
        }

        return access.Check(request, request.Bucket, request.Key, request.VersionId, found.Value, permission) is { } denied ? denied : found.Value;
    }

    // An object without an ACL of its own knows its owner by id only.
    private async ValueTask<AccessControlList> NameAsync(AccessControlList acl, CancellationToken cancellationToken)
    {
        if (acl.Owner.Id != acl.Owner.DisplayName || await credentials.FindOwnerAsync(acl.Owner.Id, cancellationToken) is not { } owner) return acl;
        return acl.IsPrivate ? AccessControlList.Private(owner) : acl with { Owner = owner };
    }
}
