using System.Xml.Linq;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Buckets;

/// <summary>GetBucketEncryption, PutBucketEncryption and DeleteBucketEncryption: SSE-S3 alone.</summary>
internal sealed class EncryptionHandler(BucketSettings settings)
{
    public async Task<S3Error?> GetAsync(S3Request request)
    {
        S3Result<byte[]> document = settings.Get(
            request,
            BucketConfiguration.Encryption,
            S3ErrorCode.ServerSideEncryptionConfigurationNotFoundError,
            "The server side encryption configuration was not found");
        return document.IsOk ? await S3Response.WriteXmlAsync(request, document.Value) : document.Error;
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<byte[]> body = await BucketSettings.ReadAsync(request);
        if (!body.IsOk) return body.Error;
        S3Result<XElement> parsed = S3XmlReader.Parse(body.Value, "ServerSideEncryptionConfiguration");
        if (!parsed.IsOk) return parsed.Error;
        if (parsed.Value.Elements("Rule").ToArray() is not [{ } rule] || rule.Element("ApplyServerSideEncryptionByDefault") is not { } byDefault)
            return S3Error.MalformedXml;
        string? algorithm = byDefault.Text("SSEAlgorithm")?.Trim();
        if (algorithm is "aws:kms" or "aws:kms:dsse") return S3Error.NotImplemented(algorithm);
        if (algorithm != "AES256") return S3Error.MalformedXml;
        if (byDefault.Text("KMSMasterKeyID") is not null)
            return S3Error.InvalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "KMSMasterKeyID", null);
        using var writer = new S3XmlWriter("ServerSideEncryptionConfiguration");
        writer.Open("Rule").Open("ApplyServerSideEncryptionByDefault").Add("SSEAlgorithm", algorithm).Close();
        writer.Add("BucketKeyEnabled", rule.Text("BucketKeyEnabled")?.Trim() == "true").Close();
        return await settings.SetAsync(request, BucketConfiguration.Encryption, writer.ToArray()) ?? S3Response.Empty(request);
    }

    public async Task<S3Error?> DeleteAsync(S3Request request) =>
        await settings.SetAsync(request, BucketConfiguration.Encryption, null) ?? S3Response.NoContent(request);
}
