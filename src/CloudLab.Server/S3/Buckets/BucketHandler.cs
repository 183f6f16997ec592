using System.Xml.Linq;
using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Buckets;

/// <summary>CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation.</summary>
internal sealed class BucketHandler(ObjectStore store, IS3Credentials credentials, IS3Quotas quotas, S3Options options)
{
    private static readonly string[] CannedAcls = ["private", "public-read", "public-read-write", "authenticated-read", "log-delivery-write"];

    public async Task<S3Error?> CreateAsync(S3Request request)
    {
        if (request.Principal is not { } caller || caller.IsReadOnly) return S3Error.AccessDenied;
        if (!BucketNames.IsValid(request.BucketName))
            return new S3Error(S3ErrorCode.InvalidBucketName, "The specified bucket is not valid.") { Details = [("BucketName", request.BucketName)] };
        if (request.Header("x-amz-bucket-object-lock-enabled") is { } locked && locked.Equals("true", StringComparison.OrdinalIgnoreCase))
            return S3Error.NotImplemented("x-amz-bucket-object-lock-enabled");
        S3Result<string> region = await ReadRegionAsync(request);
        if (!region.IsOk) return region.Error;
        S3Result<Dictionary<string, byte[]>> configuration = await ReadConfigurationAsync(request, caller.Owner);
        if (!configuration.IsOk) return configuration.Error;
        StoreResult<Bucket> created = await store.CreateBucketAsync(
            new BucketCreation
            {
                Name = request.BucketName,
                OwnerId = caller.Owner.Id,
                Region = region.Value,
                Configuration = configuration.Value,
                Quota = await quotas.FindAsync(caller.Owner.Id, request.Aborted),
            },
            request.Aborted);
        if (!created.IsOk && ExplainTaken(request, created.Failure, caller, configuration.Value) is { } error) return error;
        request.Response.Headers.Location = "/" + request.BucketName;
        return S3Response.Empty(request);
    }

    public S3Error? Head(S3Request request)
    {
        request.Response.Headers["x-amz-bucket-region"] = options.Region;
        request.Response.ContentType = "application/xml";
        return null;
    }

    public async Task<S3Error?> DeleteAsync(S3Request request)
    {
        StoreResult<Bucket> deleted = await store.DeleteBucketAsync(request.BucketName, request.Aborted);
        return deleted.IsOk ? S3Response.NoContent(request) : StoreErrors.Map(deleted.Failure, request.BucketName);
    }

    public static Task<S3Error?> GetLocationAsync(S3Request request)
    {
        using var writer = new S3XmlWriter("LocationConstraint");
        string region = request.Bucket.Bucket.Region;
        if (region != S3Options.DefaultRegion) writer.Text(region);
        return S3Response.WriteAsync(request, writer);
    }

    // As us-east-1 does: to make one's own bucket again changes nothing and succeeds.
    private S3Error? ExplainTaken(S3Request request, StoreFailure failure, S3Principal caller, Dictionary<string, byte[]> configuration)
    {
        if (failure.Error != StoreError.BucketExists || failure.Detail != caller.Owner.Id) return StoreErrors.Map(failure, request.BucketName);
        if (options.Region == S3Options.DefaultRegion && IsSame(request.BucketName, configuration)) return null;
        return options.Region == S3Options.DefaultRegion
            ? StoreErrors.Map(failure, request.BucketName)
            : new S3Error(S3ErrorCode.BucketAlreadyOwnedByYou, "Your previous request to create the named bucket succeeded and you already own it.");
    }

    private bool IsSame(string bucket, Dictionary<string, byte[]> configuration) =>
        store.GetBucketConfiguration(bucket, BucketConfiguration.Acl) is { } acl && acl.AsSpan().SequenceEqual(configuration[BucketConfiguration.Acl]);

    private async Task<S3Result<string>> ReadRegionAsync(S3Request request)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxConfiguration);
        if (!body.IsOk) return body.Error;
        if (body.Value.Length == 0) return options.Region;
        S3Result<XElement> parsed = S3XmlReader.Parse(body.Value, "CreateBucketConfiguration");
        if (!parsed.IsOk) return parsed.Error;
        if (parsed.Value.Elements().FirstOrDefault(e => e.Name.LocalName is not ("LocationConstraint" or "Tags")) is { } other)
            return S3Error.NotImplemented(other.Name.LocalName);
        string? constraint = parsed.Value.Text("LocationConstraint")?.Trim();
        if (string.IsNullOrEmpty(constraint) || constraint == options.Region) return options.Region;
        return new S3Error(S3ErrorCode.InvalidLocationConstraint, "The specified location-constraint is not valid") { Details = [("LocationConstraint", constraint)] };
    }

    private async Task<S3Result<Dictionary<string, byte[]>>> ReadConfigurationAsync(S3Request request, S3Owner owner)
    {
        var configuration = new Dictionary<string, byte[]>();
        bool isEnforced = false;
        if (request.Header("x-amz-object-ownership") is { } text)
        {
            if (!AccessXml.TryParse(text, out ObjectOwnership ownership))
                return S3Error.InvalidArgument("Invalid x-amz-object-ownership header", "x-amz-object-ownership", text);
            isEnforced = ownership == ObjectOwnership.BucketOwnerEnforced;
            configuration[BucketConfiguration.Ownership] = AccessXml.Write(ownership);
        }

        if (request.Header("x-amz-acl") is { } canned && !CannedAcls.Contains(canned)) return S3Error.InvalidArgument("", "x-amz-acl", canned);
        S3Result<AccessControlList> acl = await AclHeaders.ReadAsync(request, owner, owner, credentials);
        if (!acl.IsOk) return acl.Error;
        if (isEnforced && !acl.Value.IsPrivate)
        {
            return new S3Error(
                S3ErrorCode.InvalidBucketAclWithObjectOwnership, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
        }

        configuration[BucketConfiguration.Acl] = AclXml.Write(acl.Value);
        return configuration;
    }
}
