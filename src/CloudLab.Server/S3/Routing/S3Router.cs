using System.Collections.Frozen;
using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Routing;

/// <summary>Finds the operation of a request by method, level and sub-resource. What is not known is refused, never taken for the plain resource.</summary>
internal static class S3Router
{
    private static readonly FrozenDictionary<string, Methods> BucketResources = new Dictionary<string, Methods>
    {
        ["location"] = new(S3Operation.GetBucketLocation),
        ["versioning"] = new(S3Operation.GetBucketVersioning, S3Operation.PutBucketVersioning),
        ["tagging"] = new(S3Operation.GetBucketTagging, S3Operation.PutBucketTagging, S3Operation.DeleteBucketTagging),
        ["cors"] = new(S3Operation.GetBucketCors, S3Operation.PutBucketCors, S3Operation.DeleteBucketCors),
        ["policy"] = new(S3Operation.GetBucketPolicy, S3Operation.PutBucketPolicy, S3Operation.DeleteBucketPolicy),
        ["policyStatus"] = new(S3Operation.GetBucketPolicyStatus),
        ["acl"] = new(S3Operation.GetBucketAcl, S3Operation.PutBucketAcl),
        ["ownershipControls"] = new(
            S3Operation.GetBucketOwnershipControls, S3Operation.PutBucketOwnershipControls, S3Operation.DeleteBucketOwnershipControls),
        ["publicAccessBlock"] = new(S3Operation.GetPublicAccessBlock, S3Operation.PutPublicAccessBlock, S3Operation.DeletePublicAccessBlock),
        ["encryption"] = new(S3Operation.GetBucketEncryption, S3Operation.PutBucketEncryption, S3Operation.DeleteBucketEncryption),
        ["versions"] = new(S3Operation.ListObjectVersions),
        ["uploads"] = new(S3Operation.ListMultipartUploads),
        ["delete"] = new(Post: S3Operation.DeleteObjects),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Methods> ObjectResources = new Dictionary<string, Methods>
    {
        ["acl"] = new(S3Operation.GetObjectAcl, S3Operation.PutObjectAcl),
        ["tagging"] = new(S3Operation.GetObjectTagging, S3Operation.PutObjectTagging, S3Operation.DeleteObjectTagging),
        ["attributes"] = new(S3Operation.GetObjectAttributes),
        ["uploads"] = new(Post: S3Operation.CreateMultipartUpload),
        ["uploadId"] = new(
            S3Operation.ListParts, S3Operation.UploadPart, S3Operation.AbortMultipartUpload, S3Operation.CompleteMultipartUpload),
    }.ToFrozenDictionary();

    /// <summary>Sub-resources of buckets that are not here; reading and deleting them is harmless, because there is nothing.</summary>
    private static readonly FrozenSet<string> AbsentConfigurations = new[]
    {
        "accelerate", "analytics", "intelligent-tiering", "inventory", "lifecycle", "logging", "metrics", "notification", "object-lock",
        "replication", "requestPayment", "website",
    }.ToFrozenSet();

    /// <summary>Parameters that select nothing by themselves, so that they may be there without a value.</summary>
    private static readonly FrozenSet<string> Parameters = new[]
    {
        "bucket-region", "continuation-token", "delimiter", "encoding-type", "fetch-owner", "id", "key-marker", "list-type", "marker",
        "max-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber", "prefix", "start-after", "upload-id-marker",
        "version-id-marker", "versionId", "x-id", "response-cache-control", "response-content-disposition", "response-content-encoding",
        "response-content-language", "response-content-type", "response-expires", "Signature", "Expires", "AWSAccessKeyId", "content-type",
        "content-md5",
    }.ToFrozenSet();

    /// <summary>The operation that a request asks for.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="target">What it names.</param>
    /// <param name="isCopy">Whether it names a source to copy from.</param>
    public static S3Result<S3Operation> Find(string method, S3Target target, bool isCopy)
    {
        if (target.Bucket is null) return FindService(method, target.Query);
        S3Result<string?> resource = FindResource(target);
        if (!resource.IsOk && resource.Error is { } unknown) return unknown;
        return target.Key is null ? FindBucket(method, target.Query, resource.Value) : FindObject(method, target.Query, resource.Value, isCopy);
    }

    /// <summary>The absent configuration that a request names, or null.</summary>
    public static string? AbsentConfiguration(S3Query query)
    {
        foreach (S3QueryParameter parameter in query.Parameters)
            if (AbsentConfigurations.Contains(parameter.Name))
                return parameter.Name;
        return null;
    }

    private static S3Result<S3Operation> FindService(string method, S3Query query)
    {
        foreach (S3QueryParameter parameter in query.Parameters)
            if (IsUnknown(parameter))
                return S3Error.NotImplemented(parameter.Name);
        return HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? S3Operation.ListBuckets : S3Error.MethodNotAllowed;
    }

    private static S3Result<S3Operation> FindBucket(string method, S3Query query, string? resource)
    {
        if (resource is not null && BucketResources.TryGetValue(resource, out Methods methods)) return methods.Find(method, resource);
        if (resource is not null)
        {
            if (HttpMethods.IsGet(method)) return S3Operation.GetAbsentConfiguration;
            return HttpMethods.IsDelete(method) ? S3Operation.DeleteAbsentConfiguration : S3Error.NotImplemented(resource);
        }

        return method switch
        {
            "GET" when query["list-type"] is "2" => S3Operation.ListObjectsV2,
            "GET" when query["list-type"] is { Length: > 0 } type and not "1" => S3Error.InvalidArgument("Invalid list type", "list-type", type),
            "GET" => S3Operation.ListObjects,
            "HEAD" => S3Operation.HeadBucket,
            "PUT" => S3Operation.CreateBucket,
            "DELETE" => S3Operation.DeleteBucket,
            "POST" => S3Error.NotImplemented("uploads by HTML forms"),
            _ => S3Error.MethodNotAllowed,
        };
    }

    private static S3Result<S3Operation> FindObject(string method, S3Query query, string? resource, bool isCopy)
    {
        if (resource is not null)
        {
            S3Result<S3Operation> found = ObjectResources[resource].Find(method, resource);
            if (found is not { IsOk: true, Value: S3Operation.UploadPart }) return found;
            if (!query.Contains("partNumber")) return S3Error.InvalidRequest("This request needs a partNumber.");
            return isCopy ? S3Operation.UploadPartCopy : S3Operation.UploadPart;
        }

        return method switch
        {
            "GET" => S3Operation.GetObject,
            "HEAD" => S3Operation.HeadObject,
            "PUT" when query.Contains("partNumber") => S3Error.InvalidRequest("This request needs an uploadId."),
            "PUT" => isCopy ? S3Operation.CopyObject : S3Operation.PutObject,
            "DELETE" => S3Operation.DeleteObject,
            "POST" => S3Error.NotImplemented("POST on an object"),
            _ => S3Error.MethodNotAllowed,
        };
    }

    private static S3Result<string?> FindResource(S3Target target)
    {
        string? found = null;
        foreach (S3QueryParameter parameter in target.Query.Parameters)
        {
            bool isResource = target.Key is null
                ? BucketResources.ContainsKey(parameter.Name) || AbsentConfigurations.Contains(parameter.Name)
                : ObjectResources.ContainsKey(parameter.Name);
            if (target.Key is not null && parameter.Name is "retention" or "legal-hold")
                return S3Error.InvalidRequest("Bucket is missing Object Lock Configuration");
            if (!isResource && IsUnknown(parameter)) return S3Error.NotImplemented(parameter.Name);
            if (!isResource) continue;
            if (found is not null && found != parameter.Name) return S3Error.InvalidArgument("Conflicting query string parameters: " + found + ", " + parameter.Name, "ResourceType", found);
            found = parameter.Name;
        }

        return found!;
    }

    // A name alone is how S3 writes sub-resources. One that is not known could mean anything.
    private static bool IsUnknown(S3QueryParameter parameter) =>
        parameter.Value.Length == 0
        && !Parameters.Contains(parameter.Name)
        && !parameter.Name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase);

    private readonly record struct Methods(
        S3Operation? Get = null, S3Operation? Put = null, S3Operation? Delete = null, S3Operation? Post = null)
    {
        public S3Result<S3Operation> Find(string method, string resource)
        {
            S3Operation? operation = method switch
            {
                "GET" => Get,
                "PUT" => Put,
                "DELETE" => Delete,
                "POST" => Post,
                _ => null,
            };
            if (operation is { } found) return found;
            return method is "HEAD" ? S3Error.NotImplemented(resource) : S3Error.MethodNotAllowed;
        }
    }
}
