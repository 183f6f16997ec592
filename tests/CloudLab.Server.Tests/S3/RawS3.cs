using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using Microsoft.AspNetCore.Http;

namespace CloudLab.Server.Tests.S3;

/// <summary>Requests that no SDK would send, signed as they are.</summary>
internal static partial class RawS3
{
    /// <summary>Sends a request signed by the first account's key, or another.</summary>
    /// <param name="s3">The server.</param>
    /// <param name="method">The method.</param>
    /// <param name="target">Path and query as they shall go over the wire.</param>
    /// <param name="body">The body, or null.</param>
    /// <param name="keys">Who signs.</param>
    /// <param name="headers">Further headers, signed too.</param>
    public static Task<HttpResponseMessage> SendAsync(
        S3Fixture s3, HttpMethod method, string target, string? body = null, S3Keys? keys = null, params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = Sign(s3, method, target, body, keys ?? s3.Main, headers);
        return s3.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The error code of an answer; its status where it has none.</summary>
    public static async Task<string> CodeAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Match code = Code().Match(text);
        return code.Success ? code.Groups[1].Value : $"{(int)response.StatusCode}";
    }

    private static HttpRequestMessage Sign(
        S3Fixture s3, HttpMethod method, string target, string? body, S3Keys keys, (string Name, string Value)[] headers)
    {
        string time = SigV4.FormatTime(TimeProvider.System.GetUtcNow());
        var scope = new SigV4Scope(time[..8], "us-east-1", "s3");
        string payload = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body ?? "")));
        var http = new DefaultHttpContext();
        http.Request.Headers.Host = s3.Url.Authority;
        http.Request.Headers["x-amz-date"] = time;
        http.Request.Headers["x-amz-content-sha256"] = payload;
        foreach ((string name, string value) in headers) http.Request.Headers[name.ToLowerInvariant()] = value;
        string[] names = [.. http.Request.Headers.Keys.Select(k => k.ToLowerInvariant()).Order(StringComparer.Ordinal)];
        byte[] canonical = SigV4.CanonicalRequest(
            method.Method, S3Target.Parse(target, "localhost", []).Value!, http.Request.Headers, names, payload, Encoding.Latin1);
        string signature = Convert.ToHexStringLower(SigV4.Sign(SigV4.SigningKey(keys.Secret, scope), time, scope, canonical));
        // The URI must reach the wire as it was written.
        var uri = new Uri(s3.Url.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(method, uri);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        foreach (string name in names.Where(n => n != "host"))
            if (!request.Headers.TryAddWithoutValidation(name, http.Request.Headers[name].ToString()))
                request.Content?.Headers.TryAddWithoutValidation(name, http.Request.Headers[name].ToString());
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"AWS4-HMAC-SHA256 Credential={keys.Id}/{scope}, SignedHeaders={string.Join(';', names)}, Signature={signature}");
        return request;
    }

    [GeneratedRegex("<Code>(\\w+)</Code>")]
    private static partial Regex Code();
}
