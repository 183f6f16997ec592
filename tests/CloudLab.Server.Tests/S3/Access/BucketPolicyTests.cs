using System.Text;
using CloudLab.Server.S3;
using CloudLab.Server.S3.Access;
using CloudLab.Server.Tests.S3.Auth;

namespace CloudLab.Server.Tests.S3.Access;

public sealed class BucketPolicyTests
{
    [Theory]
    [InlineData("s3:GetObject", "arn:aws:s3:::b/k", nameof(PolicyEffect.Allow))]
    [InlineData("s3:GetObjectAcl", "arn:aws:s3:::b/k", nameof(PolicyEffect.None))]
    [InlineData("s3:GetObject", "arn:aws:s3:::b", nameof(PolicyEffect.None))]
    [InlineData("s3:GetObject", "arn:aws:s3:::b/secret/k", nameof(PolicyEffect.Deny))]
    public void A_denial_outweighs_what_is_allowed(string action, string resource, string effect)
    {
        BucketPolicy policy = Parse(
            """
            {"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},
              {"Effect":"Deny","Principal":{"AWS":"*"},"Action":["s3:*"],"Resource":["arn:aws:s3:::b/secret/*"]}]}
            """).Value!;
        Assert.Equal(effect, policy.Evaluate(new PolicyContext(null, action, resource, _ => null)).ToString());
    }

    [Theory]
    [InlineData("\"123456789012\"", true)]
    [InlineData("\"arn:aws:iam::123456789012:root\"", true)]
    [InlineData("\"arn:aws:iam::123456789012:user/admin\"", true)]
    [InlineData("\"arn:aws:iam::123456789012:user/other\"", false)]
    [InlineData("[\"210987654321\",\"*\"]", true)]
    public void A_principal_is_an_account_a_user_or_everybody(string principal, bool isMeant)
    {
        BucketPolicy policy = Parse(Statement($"\"Principal\":{{\"AWS\":{principal}}}")).Value!;
        PolicyEffect effect = policy.Evaluate(new PolicyContext(ExampleKey.Principal, "s3:GetObject", "arn:aws:s3:::b/k", _ => null));
        Assert.Equal(isMeant ? PolicyEffect.Allow : PolicyEffect.None, effect);
    }

    [Theory]
    [InlineData("StringEquals", "s3:prefix", "[\"a\",\"b\"]", "b", true)]
    [InlineData("StringEquals", "s3:prefix", "\"a\"", "b", false)]
    [InlineData("StringEquals", "s3:prefix", "\"a\"", null, false)]
    [InlineData("StringEqualsIfExists", "s3:prefix", "\"a\"", null, true)]
    [InlineData("StringNotEquals", "s3:prefix", "[\"a\",\"b\"]", "b", false)]
    [InlineData("StringNotEquals", "s3:prefix", "\"a\"", null, true)]
    [InlineData("StringLike", "s3:prefix", "\"home/?x*\"", "home/axyz", true)]
    [InlineData("StringNotLike", "s3:prefix", "\"home/*\"", "home/a", false)]
    [InlineData("StringEqualsIgnoreCase", "s3:prefix", "\"ABC\"", "abc", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.1.2.3/8\"", "10.200.0.1", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.0.0.0/24\"", "10.0.1.1", false)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.0.0.0/8\"", "::ffff:10.0.0.1", true)]
    [InlineData("NotIpAddress", "aws:SourceIp", "\"2001:db8::/32\"", "2001:db9::1", true)]
    [InlineData("NumericLessThanEquals", "s3:max-keys", "10", "10", true)]
    [InlineData("NumericLessThan", "s3:max-keys", "\"10\"", "10", false)]
    [InlineData("Bool", "aws:SecureTransport", "false", "false", true)]
    [InlineData("Null", "s3:prefix", "\"true\"", null, true)]
    [InlineData("Null", "s3:prefix", "\"true\"", "a", false)]
    [InlineData("DateGreaterThan", "aws:CurrentTime", "\"2020-01-01T00:00:00Z\"", "2026-01-01T00:00:00Z", true)]
    [InlineData("ForAnyValue:StringEquals", "s3:RequestObjectTagKeys", "[\"x\"]", "x", true)]
    public void A_condition_holds_or_does_not(string test, string key, string wanted, string? value, bool holds)
    {
        BucketPolicy policy = Parse(Statement($"\"Principal\":\"*\",\"Condition\":{{\"{test}\":{{\"{key}\":{wanted}}}}}")).Value!;
        PolicyEffect effect = policy.Evaluate(new PolicyContext(
            null, "s3:GetObject", "arn:aws:s3:::b/k", asked => asked == PolicyKeys.Normalize(key) && value is not null ? [value] : null));
        Assert.Equal(holds ? PolicyEffect.Allow : PolicyEffect.None, effect);
    }

    [Fact]
    public void A_variable_stands_for_the_callers_name()
    {
        BucketPolicy policy = Parse(Statement("\"Principal\":\"*\"", "arn:aws:s3:::b/${aws:username}/*")).Value!;
        Assert.Equal(PolicyEffect.Allow, Evaluate("arn:aws:s3:::b/me/k"));
        Assert.Equal(PolicyEffect.None, Evaluate("arn:aws:s3:::b/you/k"));

        PolicyEffect Evaluate(string resource) =>
            policy.Evaluate(new PolicyContext(null, "s3:GetObject", resource, key => key == "aws:username" ? ["me"] : null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"Version\":\"2000-01-01\",\"Statement\":[]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Perhaps\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b\"}]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b\"}]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ec2:*\",\"Resource\":\"arn:aws:s3:::b\"}]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::other/*\"}]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"me\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b\"}]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b\",\"Condition\":{\"Sometimes\":{\"s3:prefix\":\"a\"}}}]}")]
    [InlineData("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b\",\"Condition\":{\"StringEquals\":{\"aws:Moon\":\"full\"}}}]}")]
    public void What_is_not_understood_is_refused(string json) => Assert.Equal(S3ErrorCode.MalformedPolicy, Parse(json).Error?.Code);

    [Theory]
    [InlineData("\"Principal\":\"*\"", true)]
    [InlineData("\"Principal\":{\"AWS\":\"123456789012\"}", false)]
    [InlineData("\"Principal\":\"*\",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/16\"}}", false)]
    [InlineData("\"Principal\":\"*\",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"0.0.0.0/1\"}}", true)]
    [InlineData("\"Principal\":\"*\",\"Condition\":{\"StringLike\":{\"aws:Referer\":\"http://x/*\"}}", true)]
    public void A_policy_for_everybody_is_public(string who, bool isPublic) => Assert.Equal(isPublic, Parse(Statement(who)).Value!.IsPublic);

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("a*c", "abbbc", true)]
    [InlineData("a*c", "abbbd", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("*a*b*", "xxaxxbxx", true)]
    public void Wildcards_match(string pattern, string text, bool matches) => Assert.Equal(matches, PolicyPattern.Matches(pattern, text));

    private static string Statement(string rest, string resource = "arn:aws:s3:::b/*") =>
        $"{{\"Statement\":{{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"{resource}\",{rest}}}}}";

    private static S3Result<BucketPolicy> Parse(string json) => PolicyParser.Parse(Encoding.UTF8.GetBytes(json), "b");
}
