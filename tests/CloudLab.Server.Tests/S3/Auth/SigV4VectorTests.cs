using CloudLab.Server.S3;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using Microsoft.AspNetCore.Http;

namespace CloudLab.Server.Tests.S3.Auth;

/// <summary>The examples of the Amazon S3 API Reference, all signed by its example key at 2013-05-24.</summary>
public sealed class SigV4VectorTests
{
    private const string Date = "20130524T000000Z";
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

    [Fact]
    public Task A_range_is_read() => VerifyHeaderAsync(
        "GET", "/test.txt", "host;range;x-amz-content-sha256;x-amz-date", EmptyHash,
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", ("Range", "bytes=0-9"));

    [Fact]
    public Task An_object_is_put() => VerifyHeaderAsync(
        "PUT", "/test%24file.text", "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"));

    [Fact]
    public Task A_sub_resource_is_read() => VerifyHeaderAsync(
        "GET", "/?lifecycle", "host;x-amz-content-sha256;x-amz-date", EmptyHash,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");

    [Fact]
    public Task A_bucket_is_listed() => VerifyHeaderAsync(
        "GET", "/?max-keys=2&prefix=J", "host;x-amz-content-sha256;x-amz-date", EmptyHash,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");

    [Fact]
    public Task A_header_signed_otherwise_is_refused() => VerifyHeaderAsync(
        "GET", "/?max-keys=3&prefix=J", "host;x-amz-content-sha256;x-amz-date", EmptyHash,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", S3ErrorCode.SignatureDoesNotMatch);

    [Fact]
    public async Task A_presigned_query_is_good_for_a_day()
    {
        const string Query = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        HttpContext http = ExampleKey.Request("GET");
        S3Target target = ExampleKey.Target(http, Query);
        S3Result<S3Identity> identity = await ExampleKey.Authenticator(Date, TimeSpan.FromDays(1)).AuthenticateAsync(http, target);
        Assert.True(identity.Value?.IsPresigned, identity.Error?.ToString());
        S3Result<S3Identity> late = await ExampleKey.Authenticator(Date, TimeSpan.FromSeconds(86401)).AuthenticateAsync(http, target);
        Assert.Equal("Request has expired", late.Error?.Message);
        S3Result<S3Identity> early = await ExampleKey.Authenticator(Date, TimeSpan.FromMinutes(-16)).AuthenticateAsync(http, target);
        Assert.Equal("Request is not yet valid", early.Error?.Message);
    }

    [Fact]
    public async Task A_signature_15_minutes_old_is_taken_and_an_older_one_is_not()
    {
        (HttpContext http, S3Target target) = Signed(
            "GET", "/?lifecycle", "host;x-amz-content-sha256;x-amz-date", EmptyHash,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        Assert.True((await ExampleKey.Authenticator(Date, TimeSpan.FromMinutes(15)).AuthenticateAsync(http, target)).IsOk);
        S3Result<S3Identity> late = await ExampleKey.Authenticator(Date, TimeSpan.FromSeconds(901)).AuthenticateAsync(http, target);
        Assert.Equal(S3ErrorCode.RequestTimeTooSkewed, late.Error?.Code);
    }

    [Fact]
    public async Task An_unsigned_header_of_amazon_is_refused()
    {
        (HttpContext http, S3Target target) = Signed(
            "GET", "/?lifecycle", "host;x-amz-content-sha256;x-amz-date", EmptyHash,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", ("x-amz-acl", "public-read"));
        S3Result<S3Identity> identity = await ExampleKey.Authenticator(Date, TimeSpan.Zero).AuthenticateAsync(http, target);
        Assert.Equal(S3ErrorCode.AccessDenied, identity.Error?.Code);
    }

    private static Task VerifyHeaderAsync(
        string method, string target, string signedHeaders, string payload, string signature, params (string Name, string Value)[] headers) =>
        VerifyHeaderAsync(method, target, signedHeaders, payload, signature, null, headers);

    private static async Task VerifyHeaderAsync(
        string method, string target, string signedHeaders, string payload, string signature, S3ErrorCode? error,
        params (string Name, string Value)[] headers)
    {
        (HttpContext http, S3Target parsed) = Signed(method, target, signedHeaders, payload, signature, headers);
        S3Result<S3Identity> identity = await ExampleKey.Authenticator(Date, TimeSpan.Zero).AuthenticateAsync(http, parsed);
        Assert.Equal(error, identity.Error?.Code);
    }

    private static (HttpContext Http, S3Target Target) Signed(
        string method, string target, string signedHeaders, string payload, string signature, params (string Name, string Value)[] headers)
    {
        HttpContext http = ExampleKey.Request(method);
        foreach ((string name, string value) in headers) http.Request.Headers[name] = value;
        http.Request.Headers["x-amz-date"] = Date;
        http.Request.Headers["x-amz-content-sha256"] = payload;
        http.Request.Headers.Authorization = $"AWS4-HMAC-SHA256 Credential={Credential}, SignedHeaders={signedHeaders}, Signature={signature}";
        return (http, ExampleKey.Target(http, target));
    }
}
