using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Routing;

/// <summary>One request on its way: what it names, who makes it, what it asks for.</summary>
/// <param name="http">The connection's side of it.</param>
/// <param name="target">What it names.</param>
/// <param name="id">What <c>x-amz-request-id</c> says.</param>
internal sealed class S3Request(HttpContext http, S3Target target, string id)
{
    public HttpContext Http => http;

    public HttpResponse Response => http.Response;

    public S3Target Target => target;

    public S3Query Query => target.Query;

    public string Id => id;

    /// <summary>The bucket's name. Only for operations on buckets and objects.</summary>
    public string BucketName => target.Bucket!;

    /// <summary>The object's key. Only for operations on objects.</summary>
    public string Key => target.Key!;

    public string Method => http.Request.Method;

    public bool IsHead => HttpMethods.IsHead(Method);

    /// <summary>Who makes it, as far as it was found out.</summary>
    public S3Identity Identity { get; set; } = new(null, PayloadSigning.Unsigned, IsPresigned: false);

    public S3Principal? Principal => Identity.Principal;

    public S3Operation Operation { get; set; }

    /// <summary>The bucket's settings that decide on access. Set before an operation on an existing bucket is called.</summary>
    public BucketAccess Bucket { get; set; } = null!;

    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>The version that is asked for, or null for the current one.</summary>
    public string? VersionId => Query["versionId"];

    /// <summary>A header's value, or the parameter that stands for it in a presigned query; null when there is neither.</summary>
    public string? Header(string name)
    {
        if (http.Request.Headers.TryGetValue(name, out var values)) return values.ToString();
        if (!Identity.IsPresigned) return null;
        foreach (S3QueryParameter parameter in Query.Parameters)
            if (parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return parameter.Value;
        return null;
    }
}
