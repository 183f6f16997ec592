using CloudLab.Server.S3;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace CloudLab.Server.Tests.S3.Auth;

/// <summary>The key of the examples in Amazon's documentation.</summary>
internal sealed class ExampleKey : IS3Credentials
{
    public const string Id = "AKIAIOSFODNN7EXAMPLE";
    public const string Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    public static S3Principal Principal { get; } =
        new(Id, "123456789012", "admin", new S3Owner("owner", "Owner", "123456789012")) { Secret = Secret };

    public static S3Authenticator Authenticator(string signedAt, TimeSpan later)
    {
        Assert.True(SigV4.TryParseTime(signedAt, out DateTimeOffset time));
        var clock = new ManualTime();
        clock.Advance(time + later - clock.GetUtcNow());
        return new S3Authenticator(new ExampleKey(), new S3Options { Domains = ["s3.amazonaws.com"] }, clock);
    }

    public static DefaultHttpContext Request(string method, string host = "examplebucket.s3.amazonaws.com")
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Request.Headers.Host = host;
        return http;
    }

    public static S3Target Target(HttpContext http, string rawTarget) =>
        S3Target.Parse(rawTarget, http.Request.Headers.Host.ToString(), ["s3.amazonaws.com"]).Value!;

    public ValueTask<S3Principal?> FindAsync(string accessKeyId, CancellationToken cancellationToken) =>
        new(accessKeyId == Id ? Principal : null);

    public ValueTask<S3Owner?> FindOwnerAsync(string canonicalUserId, CancellationToken cancellationToken) => new((S3Owner?)null);

    public ValueTask<S3Owner?> FindOwnerByEmailAsync(string email, CancellationToken cancellationToken) => new((S3Owner?)null);
}
