using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;

namespace CloudLab.Server.S3.Buckets;

/// <summary>GetBucketTagging, PutBucketTagging and DeleteBucketTagging.</summary>
internal sealed class BucketTaggingHandler(BucketSettings settings)
{
    public async Task<S3Error?> GetAsync(S3Request request)
    {
        S3Result<byte[]> document = settings.Get(request, BucketConfiguration.Tagging, S3ErrorCode.NoSuchTagSet, "The TagSet does not exist");
        return document.IsOk ? await S3Response.WriteXmlAsync(request, document.Value) : document.Error;
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<byte[]> body = await BucketSettings.ReadAsync(request);
        if (!body.IsOk) return body.Error;
        S3Result<IReadOnlyList<KeyValuePair<string, string>>> tags = TagSet.Read(body.Value, TagSet.MaxBucketTags);
        if (!tags.IsOk) return tags.Error;
        return await settings.SetAsync(request, BucketConfiguration.Tagging, TagSet.Write(tags.Value)) ?? S3Response.NoContent(request);
    }

    public async Task<S3Error?> DeleteAsync(S3Request request) =>
        await settings.SetAsync(request, BucketConfiguration.Tagging, null) ?? S3Response.NoContent(request);
}
