using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using CloudLab.ControlPlane.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.S3;

public sealed class AccessTests(S3Fixture s3) : IClassFixture<S3Fixture>
{
    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_account_and_nobody_get_nothing_of_a_private_bucket()
    {
        string bucket = await MakeFilledAsync();
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.GetObjectAsync(bucket, "k", _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.GetObjectAsync(bucket, "none", _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.ListObjectsV2Async(new() { BucketName = bucket }, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.PutObjectAsync(new() { BucketName = bucket, Key = "x", ContentBody = "" }, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.DeleteObjectAsync(bucket, "k", _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.DeleteBucketAsync(bucket, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.GetBucketPolicyAsync(bucket, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.CopyObjectAsync(bucket, "k", bucket, "k2", _cancellationToken));
        foreach (string path in (string[])["/k", "/none", "", "?acl", "/k?acl", "/k?tagging"])
        {
            using HttpResponseMessage response = await s3.Anonymous.GetAsync(new Uri(s3.Url, bucket + path), _cancellationToken);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_policy_lets_others_in_and_keeps_the_owner_out()
    {
        string bucket = await MakeFilledAsync();
        await PutPolicyAsync(bucket,
            $$"""
            {"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Principal":{"AWS":"{{s3.Other.Account}}"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*"},
              {"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::{{bucket}}/*"}]}
            """);
        using GetObjectResponse got = await s3.OtherClient.GetObjectAsync(bucket, "k", _cancellationToken);
        Assert.Equal(1, got.ContentLength);
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.ListObjectsV2Async(new() { BucketName = bucket }, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.Client.DeleteObjectAsync(bucket, "k", _cancellationToken));
        await PutPolicyAsync(bucket, $$"""{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/*"] }] }""");
        await S3Assert.FailsAsync("AccessDenied", s3.Client.GetObjectAsync(bucket, "k", _cancellationToken));
        await s3.Client.DeleteBucketPolicyAsync(bucket, _cancellationToken);
        await s3.Client.DeleteObjectAsync(bucket, "k", _cancellationToken);
    }

    [Fact]
    public async Task A_condition_of_a_policy_looks_at_the_object()
    {
        string bucket = await MakeFilledAsync();
        await PutPolicyAsync(bucket, $$"""{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/public":"yes"} } }] }""");
        Assert.Equal(HttpStatusCode.Forbidden, await GetAnonymouslyAsync(bucket));
        await s3.Client.PutObjectTaggingAsync(
            new() { BucketName = bucket, Key = "k", Tagging = new() { TagSet = [new() { Key = "public", Value = "yes" }] } }, _cancellationToken);
        Assert.Equal(HttpStatusCode.OK, await GetAnonymouslyAsync(bucket));
    }

    [Fact]
    public async Task Public_acls_count_until_they_are_blocked()
    {
        string bucket = await MakeFilledAsync();
        await s3.Client.PutObjectAclAsync(new() { BucketName = bucket, Key = "k", ACL = S3CannedACL.PublicRead }, _cancellationToken);
        Assert.Equal(HttpStatusCode.OK, await GetAnonymouslyAsync(bucket));
        var block = new PublicAccessBlockConfiguration { IgnorePublicAcls = true, BlockPublicAcls = true, BlockPublicPolicy = true, RestrictPublicBuckets = true };
        await s3.Client.PutPublicAccessBlockAsync(new() { BucketName = bucket, PublicAccessBlockConfiguration = block }, _cancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, await GetAnonymouslyAsync(bucket));
        await S3Assert.FailsAsync("AccessDenied", s3.Client.PutBucketAclAsync(new() { BucketName = bucket, ACL = S3CannedACL.PublicRead }, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", PutPolicyAsync(bucket, $$"""{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*"}] }"""));
    }

    [Fact]
    public async Task A_writer_owns_what_it_writes_unless_the_bucket_says_otherwise()
    {
        string bucket = await s3.MakeBucketAsync(b => b.CannedACL = S3CannedACL.PublicReadWrite);
        var put = new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "x" };
        await s3.OtherClient.PutObjectAsync(put, _cancellationToken);
        await S3Assert.FailsAsync("AccessDenied", s3.Client.GetObjectAsync(bucket, "k", _cancellationToken));
        Assert.Equal(s3.Other.CanonicalUserId, (await s3.OtherClient.GetObjectAclAsync(new() { BucketName = bucket, Key = "k" }, _cancellationToken)).Owner.Id);
        put.CannedACL = S3CannedACL.BucketOwnerFullControl;
        await s3.OtherClient.PutObjectAsync(put, _cancellationToken);
        using GetObjectResponse got = await s3.Client.GetObjectAsync(bucket, "k", _cancellationToken);
        await s3.Client.PutBucketAclAsync(new() { BucketName = bucket, ACL = S3CannedACL.Private }, _cancellationToken);
        await s3.Client.PutBucketOwnershipControlsAsync(
            new() { BucketName = bucket, OwnershipControls = new() { Rules = [new() { ObjectOwnership = ObjectOwnership.BucketOwnerEnforced }] } }, _cancellationToken);
        await S3Assert.FailsAsync(
            "AccessControlListNotSupported", s3.Client.PutObjectAclAsync(new() { BucketName = bucket, Key = "k", ACL = S3CannedACL.PublicRead }, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.GetObjectAsync(bucket, "k", _cancellationToken));
    }

    [Fact]
    public async Task A_revoked_key_is_refused_at_once_and_a_viewers_key_cannot_write()
    {
        string bucket = await MakeFilledAsync();
        UserService users = s3.Server.Services.GetRequiredService<UserService>();
        UserId admin = (await users.GetByNameAsync(s3.Main.Account, UserService.AdminName, _cancellationToken)).Value!.Id;
        S3Keys keys = await s3.MakeKeysAsync(s3.Main.Account, new CreateAccessKey { User = admin, Role = Role.Viewer });
        using AmazonS3Client viewer = s3.ClientOf(keys);
        using (GetObjectResponse got = await viewer.GetObjectAsync(bucket, "k", _cancellationToken)) Assert.Equal(1, got.ContentLength);
        await S3Assert.FailsAsync("AccessDenied", viewer.PutObjectAsync(new() { BucketName = bucket, Key = "x", ContentBody = "" }, _cancellationToken));
        await S3Assert.FailsAsync("AccessDenied", viewer.PutBucketAsync("viewers-bucket", _cancellationToken));
        await s3.Server.Services.GetRequiredService<AccessKeyService>().RevokeAsync(s3.Main.Account, null, keys.Id, _cancellationToken);
        await S3Assert.FailsAsync("InvalidAccessKeyId", viewer.GetObjectAsync(bucket, "k", _cancellationToken));
    }

    [Fact]
    public async Task Who_guesses_keys_or_signatures_is_slowed_down_and_nobody_else()
    {
        string bucket = await MakeFilledAsync();
        using AmazonS3Client wrongSecret = s3.ClientOf(s3.Main with { Secret = "guessed" }), wrongId = s3.ClientOf(s3.Main with { Id = "AKIAGUESSED000000000" });
        int before = s3.Slowing.Waits;

        await S3Assert.FailsAsync("SignatureDoesNotMatch", wrongSecret.GetObjectAsync(bucket, "k", _cancellationToken));
        await S3Assert.FailsAsync("InvalidAccessKeyId", wrongId.GetObjectAsync(bucket, "k", _cancellationToken));
        Assert.Equal(before + 2, s3.Slowing.Waits);

        await S3Assert.FailsAsync("AccessDenied", s3.OtherClient.GetObjectAsync(bucket, "k", _cancellationToken));
        using HttpResponseMessage anonymous = await s3.Anonymous.GetAsync(new Uri(s3.Url, $"{bucket}/k"), _cancellationToken);
        Assert.Equal("AccessDenied", await RawS3.CodeAsync(anonymous));
        Assert.Equal(before + 2, s3.Slowing.Waits);
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "the signature version says so")]
    [Fact]
    public async Task Signature_version_2_is_taken_in_a_query()
    {
        string bucket = await MakeFilledAsync();
        long expires = TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds();
        string signature = Convert.ToBase64String(System.Security.Cryptography.HMACSHA1.HashData(
            System.Text.Encoding.UTF8.GetBytes(s3.Main.Secret), System.Text.Encoding.UTF8.GetBytes($"GET\n\n\n{expires}\n/{bucket}/k")));
        string query = $"AWSAccessKeyId={s3.Main.Id}&Expires={expires}&Signature={Uri.EscapeDataString(signature)}";
        using HttpResponseMessage good = await s3.Anonymous.GetAsync(new Uri(s3.Url, $"{bucket}/k?{query}"), _cancellationToken);
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        using HttpResponseMessage bad = await s3.Anonymous.GetAsync(new Uri(s3.Url, $"{bucket}/k2?{query}"), _cancellationToken);
        Assert.Equal("SignatureDoesNotMatch", await RawS3.CodeAsync(bad));
    }

    private async Task<string> MakeFilledAsync()
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "x" }, _cancellationToken);
        return bucket;
    }

    private Task<PutBucketPolicyResponse> PutPolicyAsync(string bucket, string policy) =>
        s3.Client.PutBucketPolicyAsync(new PutBucketPolicyRequest { BucketName = bucket, Policy = policy }, _cancellationToken);

    private async Task<HttpStatusCode> GetAnonymouslyAsync(string bucket)
    {
        using HttpResponseMessage response = await s3.Anonymous.GetAsync(new Uri(s3.Url, $"{bucket}/k"), _cancellationToken);
        return response.StatusCode;
    }
}
