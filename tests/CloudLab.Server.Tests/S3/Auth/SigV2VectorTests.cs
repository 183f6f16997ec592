using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using Microsoft.AspNetCore.Http;

namespace CloudLab.Server.Tests.S3.Auth;

/// <summary>The examples of the Amazon S3 User Guide for version 2, by its example key.</summary>
public sealed class SigV2VectorTests
{
    private const string Host = "awsexamplebucket1.us-west-1.s3.amazonaws.com";

    [Fact]
    public void An_object_is_read() =>
        Verify("GET", "/photos/puppy.jpg", "Tue, 27 Mar 2007 19:36:42 +0000", "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=");

    [Fact]
    public void An_object_is_put() => Verify(
        "PUT", "/photos/puppy.jpg", "Tue, 27 Mar 2007 21:15:45 +0000", "iqRzw+ileNPu1fhspnRs8nOjjIA=", ("Content-Type", "image/jpeg"));

    [Fact]
    public void A_bucket_is_listed() =>
        Verify("GET", "/?prefix=photos&max-keys=50&marker=puppy", "Tue, 27 Mar 2007 19:42:41 +0000", "m0WP8eCtspQl5Ahe6L1SozdX9YA=");

    [Fact]
    public void A_sub_resource_is_read() =>
        Verify("GET", "/?acl", "Tue, 27 Mar 2007 19:44:46 +0000", "82ZHiFIjc+WbcwFKGUVEQspPn+0=");

    private static void Verify(string method, string target, string date, string signature, params (string Name, string Value)[] headers)
    {
        HttpContext http = ExampleKey.Request(method, Host);
        foreach ((string name, string value) in headers) http.Request.Headers[name] = value;
        S3Target parsed = S3Target.Parse(target, Host, ["us-west-1.s3.amazonaws.com"]).Value!;
        Assert.Equal(signature, SigV2.Sign(http, parsed, date, ExampleKey.Secret, fromQuery: false));
    }
}
