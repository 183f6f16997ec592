using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using CloudLab.Server.S3.Buckets;

namespace CloudLab.Server.Tests.S3;

public sealed class BucketTests(S3Fixture s3) : IClassFixture<S3Fixture>
{
    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("abc", true)]
    [InlineData("a.b-c.9", true)]
    [InlineData("9ab", true)]
    [InlineData("ab", false)]
    [InlineData("Abc", false)]
    [InlineData("a_b", false)]
    [InlineData("-abc", false)]
    [InlineData("abc-", false)]
    [InlineData("a..b", false)]
    [InlineData("a.-b", false)]
    [InlineData("a-.b", false)]
    [InlineData("192.168.5.4", false)]
    [InlineData("xn--abc", false)]
    [InlineData("abc-s3alias", false)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", false)]
    public void A_name_follows_the_rules(string name, bool isValid) => Assert.Equal(isValid, BucketNames.IsValid(name));

    [Fact]
    public async Task To_make_ones_own_bucket_again_succeeds_and_anothers_does_not()
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutBucketAsync(bucket, _cancellationToken);
        await S3Assert.FailsAsync("BucketAlreadyExists", s3.OtherClient.PutBucketAsync(bucket, _cancellationToken));
        Assert.Contains((await s3.Client.ListBucketsAsync(_cancellationToken)).Buckets, b => b.BucketName == bucket);
        Assert.DoesNotContain((await s3.OtherClient.ListBucketsAsync(_cancellationToken)).Buckets ?? [], b => b.BucketName == bucket);
    }

    [Fact]
    public async Task Only_an_empty_bucket_is_deleted()
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "" }, _cancellationToken);
        await S3Assert.FailsAsync("BucketNotEmpty", s3.Client.DeleteBucketAsync(bucket, _cancellationToken));
        await s3.Client.DeleteObjectAsync(bucket, "k", _cancellationToken);
        await s3.Client.DeleteBucketAsync(bucket, _cancellationToken);
        await S3Assert.FailsAsync(HttpStatusCode.NotFound, s3.Client.HeadBucketAsync(new HeadBucketRequest { BucketName = bucket }, _cancellationToken));
        await S3Assert.FailsAsync("NoSuchBucket", s3.Client.DeleteBucketAsync(bucket, _cancellationToken));
    }

    [Theory]
    [InlineData("tagging", "NoSuchTagSet")]
    [InlineData("cors", "NoSuchCORSConfiguration")]
    [InlineData("policy", "NoSuchBucketPolicy")]
    [InlineData("lifecycle", "NoSuchLifecycleConfiguration")]
    [InlineData("replication", "ReplicationConfigurationNotFoundError")]
    [InlineData("website", "NoSuchWebsiteConfiguration")]
    [InlineData("encryption", "ServerSideEncryptionConfigurationNotFoundError")]
    [InlineData("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration")]
    [InlineData("ownershipControls", "OwnershipControlsNotFoundError")]
    [InlineData("object-lock", "ObjectLockConfigurationNotFoundError")]
    [InlineData("analytics&id=x", "NoSuchConfiguration")]
    [InlineData("logging", "200")]
    [InlineData("notification", "200")]
    [InlineData("accelerate", "200")]
    [InlineData("requestPayment", "200")]
    [InlineData("versioning", "200")]
    [InlineData("location", "200")]
    [InlineData("acl", "200")]
    [InlineData("policyStatus", "200")]
    [InlineData("uploads", "200")]
    [InlineData("versions", "200")]
    [InlineData("frobnicate", "NotImplemented")]
    [InlineData("acl&tagging", "InvalidArgument")]
    public async Task What_is_not_configured_has_its_own_answer(string resource, string answer)
    {
        string bucket = await s3.MakeBucketAsync();
        using HttpResponseMessage response = await RawS3.SendAsync(s3, HttpMethod.Get, $"/{bucket}?{resource}");
        Assert.Equal(answer, await RawS3.CodeAsync(response));
    }

    [Theory]
    [InlineData("PUT", "lifecycle")]
    [InlineData("PUT", "website")]
    [InlineData("PUT", "logging")]
    [InlineData("PUT", "notification")]
    [InlineData("PUT", "replication")]
    [InlineData("PUT", "accelerate")]
    [InlineData("PUT", "frobnicate")]
    [InlineData("DELETE", "frobnicate")]
    [InlineData("POST", "frobnicate")]
    public async Task What_is_not_there_is_not_accepted_in_silence(string method, string resource)
    {
        string bucket = await s3.MakeBucketAsync();
        using HttpResponseMessage response = await RawS3.SendAsync(s3, new HttpMethod(method), $"/{bucket}?{resource}", "<x/>");
        Assert.Equal("NotImplemented", await RawS3.CodeAsync(response));
        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
    }

    [Fact]
    public async Task Versions_and_delete_markers_are_listed_and_removed()
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutBucketVersioningAsync(
            new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new() { Status = VersionStatus.Enabled } }, _cancellationToken);
        var put = new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "1" };
        string first = (await s3.Client.PutObjectAsync(put, _cancellationToken)).VersionId;
        put.ContentBody = "2";
        await s3.Client.PutObjectAsync(put, _cancellationToken);
        DeleteObjectResponse marker = await s3.Client.DeleteObjectAsync(bucket, "k", _cancellationToken);
        Assert.Equal("true", marker.DeleteMarker);
        ListVersionsResponse versions = await s3.Client.ListVersionsAsync(bucket, _cancellationToken);
        Assert.Equal([true, false, false], versions.Versions.Select(v => v.IsDeleteMarker == true));
        using HttpResponseMessage gone = await RawS3.SendAsync(s3, HttpMethod.Get, $"/{bucket}/k");
        Assert.Equal((HttpStatusCode.NotFound, "true"), (gone.StatusCode, gone.Headers.GetValues("x-amz-delete-marker").Single()));
        using HttpResponseMessage named = await RawS3.SendAsync(s3, HttpMethod.Get, $"/{bucket}/k?versionId={marker.VersionId}");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, named.StatusCode);
        using GetObjectResponse old = await s3.Client.GetObjectAsync(bucket, "k", first, _cancellationToken);
        Assert.Equal(1, old.ContentLength);
        await s3.Client.DeleteObjectAsync(bucket, "k", marker.VersionId, _cancellationToken);
        Assert.Equal(1, (await s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken)).ContentLength);
    }

    [Fact]
    public async Task A_listing_in_pages_is_the_whole_listing()
    {
        string bucket = await s3.MakeBucketAsync();
        string[] keys = ["a", "b/1", "b/2", "c", "d/x/1", "d/x/2", "e+f", "ü"];
        foreach (string key in keys)
            await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = "" }, _cancellationToken);
        var found = new List<string>();
        var request = new ListObjectsV2Request { BucketName = bucket, Delimiter = "/", MaxKeys = 2 };
        ListObjectsV2Response page;
        do
        {
            page = await s3.Client.ListObjectsV2Async(request, _cancellationToken);
            Assert.Equal((page.S3Objects?.Count ?? 0) + (page.CommonPrefixes?.Count ?? 0), page.KeyCount);
            found.AddRange(page.S3Objects?.Select(o => o.Key) ?? []);
            found.AddRange(page.CommonPrefixes ?? []);
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);

        Assert.Equal(["a", "b/", "c", "d/", "e+f", "ü"], found.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("list-type=2&")]
    [InlineData("versions&")]
    public async Task A_listing_encodes_names_so_that_any_client_decodes_them(string kind)
    {
        string bucket = await s3.MakeBucketAsync();
        foreach (string key in (string[])["p q/one two/x", "p q/a+b c"])
            await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = "" }, _cancellationToken);
        using HttpResponseMessage response = await RawS3.SendAsync(
            s3, HttpMethod.Get, $"/{bucket}?{kind}delimiter=%2F&encoding-type=url&prefix=p%20q%2F");
        string listing = await response.Content.ReadAsStringAsync(_cancellationToken);
        Assert.Contains("<Prefix>p%20q/</Prefix>", listing, StringComparison.Ordinal);
        Assert.Contains("<Delimiter>/</Delimiter>", listing, StringComparison.Ordinal);
        Assert.Contains("<Key>p%20q/a%2Bb%20c</Key>", listing, StringComparison.Ordinal);
        Assert.Contains("<CommonPrefixes><Prefix>p%20q/one%20two/</Prefix></CommonPrefixes>", listing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max-keys=x", "InvalidArgument")]
    [InlineData("max-keys=-1", "InvalidArgument")]
    [InlineData("max-keys=0", "200")]
    [InlineData("max-keys=5000", "200")]
    [InlineData("encoding-type=base64", "InvalidArgument")]
    [InlineData("list-type=2&continuation-token=nonsense", "InvalidArgument")]
    [InlineData("list-type=3", "InvalidArgument")]
    [InlineData("versions&version-id-marker=x", "InvalidArgument")]
    [InlineData("prefix=&delimiter=&marker=", "200")]
    public async Task Parameters_of_listings_are_checked(string query, string answer)
    {
        string bucket = await s3.MakeBucketAsync();
        using HttpResponseMessage response = await RawS3.SendAsync(s3, HttpMethod.Get, $"/{bucket}?{query}");
        Assert.Equal(answer, await RawS3.CodeAsync(response));
    }

    [Fact]
    public async Task A_page_of_another_origin_sees_what_cors_allows()
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutCORSConfigurationAsync(
            new PutCORSConfigurationRequest
            {
                BucketName = bucket,
                Configuration = new CORSConfiguration
                {
                    Rules = [new CORSRule { AllowedOrigins = ["http://*.example"], AllowedMethods = ["GET"], AllowedHeaders = ["x-*"], MaxAgeSeconds = 7 }],
                },
            },
            _cancellationToken);
        using HttpResponseMessage allowed = await PreflightAsync("http://a.example", "GET", "X-One");
        Assert.Equal((HttpStatusCode.OK, "http://a.example"), (allowed.StatusCode, allowed.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        Assert.Equal("7", allowed.Headers.GetValues("Access-Control-Max-Age").Single());
        foreach ((string origin, string method, string header) in new[] { ("http://a.test", "GET", "x-1"), ("http://a.example", "PUT", "x-1"), ("http://a.example", "GET", "y") })
        {
            using HttpResponseMessage refused = await PreflightAsync(origin, method, header);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Task<HttpResponseMessage> PreflightAsync(string origin, string method, string header)
        {
            var request = new HttpRequestMessage(HttpMethod.Options, $"{s3.Url}{bucket}/k");
            request.Headers.Add("Origin", origin);
            request.Headers.Add("Access-Control-Request-Method", method);
            request.Headers.Add("Access-Control-Request-Headers", header);
            return s3.Anonymous.SendAsync(request, _cancellationToken);
        }
    }

    [Fact]
    public async Task A_host_name_of_the_domain_is_a_bucket()
    {
        string bucket = await s3.MakeBucketAsync(b => b.CannedACL = S3CannedACL.PublicRead);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(s3.Url, "/?max-keys=1"));
        request.Headers.Host = $"{bucket}.{S3Fixture.Domain}";
        using HttpResponseMessage response = await s3.Anonymous.SendAsync(request, _cancellationToken);
        Assert.Contains($"<Name>{bucket}</Name>", await response.Content.ReadAsStringAsync(_cancellationToken), StringComparison.Ordinal);
    }
}
