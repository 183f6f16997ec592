using System.Globalization;
using CloudLab.Server.S3.Buckets;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;
using Microsoft.Extensions.Primitives;

namespace CloudLab.Server.S3.Cors;

/// <summary>A bucket's CORS configuration, preflight requests, and the headers of answers to other origins.</summary>
internal sealed class CorsHandler(ObjectStore store, BucketSettings settings)
{
    private const string Vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

    private static readonly S3Error Forbidden = new(
        S3ErrorCode.AccessDenied, "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.");

    public async Task<S3Error?> GetAsync(S3Request request)
    {
        S3Result<byte[]> document = settings.Get(
            request, BucketConfiguration.Cors, S3ErrorCode.NoSuchCORSConfiguration, "The CORS configuration does not exist");
        return document.IsOk ? await S3Response.WriteXmlAsync(request, document.Value) : document.Error;
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<byte[]> body = await BucketSettings.ReadAsync(request);
        if (!body.IsOk) return body.Error;
        S3Result<IReadOnlyList<CorsRule>> rules = CorsXml.Read(body.Value);
        if (!rules.IsOk) return rules.Error;
        return await settings.SetAsync(request, BucketConfiguration.Cors, CorsXml.Write(rules.Value)) ?? S3Response.Empty(request);
    }

    public async Task<S3Error?> DeleteAsync(S3Request request) =>
        await settings.SetAsync(request, BucketConfiguration.Cors, null) ?? S3Response.NoContent(request);

    /// <summary>Answers a browser that asks before it asks. Nobody signs such a request.</summary>
    public S3Error? Preflight(HttpContext http, S3Target target)
    {
        string? origin = http.Request.Headers.Origin;
        if (string.IsNullOrEmpty(origin))
            return new S3Error(S3ErrorCode.InvalidRequest, "Insufficient information. Origin request header needed.");
        string? method = http.Request.Headers.AccessControlRequestMethod;
        if (string.IsNullOrEmpty(method)) return new S3Error(S3ErrorCode.InvalidRequest, "Invalid Access-Control-Request-Method: null");
        string[] headers = http.Request.Headers.AccessControlRequestHeaders.ToString()
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (target.Bucket is null || Find(target.Bucket, origin, method, headers) is not { } rule) return Forbidden;
        Write(http.Response, rule, origin);
        if (headers.Length > 0) http.Response.Headers.AccessControlAllowHeaders = string.Join(", ", headers).ToLowerInvariant();
        if (rule.MaxAgeSeconds is { } age) http.Response.Headers.AccessControlMaxAge = age.ToString(CultureInfo.InvariantCulture);
        http.Response.ContentLength = 0;
        return null;
    }

    /// <summary>Tells a browser what its page may see of an answer.</summary>
    public void AddHeaders(HttpContext http, S3Target target)
    {
        string? origin = http.Request.Headers.Origin;
        if (string.IsNullOrEmpty(origin) || target.Bucket is null) return;
        // A client other than a browser may say for which method it asks.
        string method = http.Request.Headers.AccessControlRequestMethod is { Count: 1 } asked ? asked.ToString() : http.Request.Method;
        if (Find(target.Bucket, origin, method, []) is { } rule) Write(http.Response, rule, origin);
    }

    private CorsRule? Find(string bucket, string origin, string method, string[] headers)
    {
        if (store.GetBucketConfiguration(bucket, BucketConfiguration.Cors) is not { } document) return null;
        S3Result<IReadOnlyList<CorsRule>> rules = CorsXml.Read(document);
        return rules.IsOk ? rules.Value.FirstOrDefault(rule => rule.Fits(origin, method, headers)) : null;
    }

    private static void Write(HttpResponse response, CorsRule rule, string origin)
    {
        response.Headers.AccessControlAllowOrigin = rule.IsForAll ? "*" : origin;
        response.Headers.AccessControlAllowMethods = string.Join(", ", rule.Methods);
        if (!rule.IsForAll) response.Headers.AccessControlAllowCredentials = "true";
        if (rule.ExposedHeaders.Count > 0) response.Headers.AccessControlExposeHeaders = string.Join(", ", rule.ExposedHeaders);
        response.Headers.Vary = new StringValues(Vary);
    }
}
