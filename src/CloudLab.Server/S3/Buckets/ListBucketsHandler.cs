using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Listing;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Buckets;

/// <summary>ListBuckets: those of the caller's account.</summary>
internal sealed class ListBucketsHandler(ObjectStore store, S3Options options)
{
    private const int MaxBuckets = 10_000;

    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        if (request.Principal is not { } caller) return S3Error.AccessDenied;
        S3Result<int> max = ListParameters.ReadNumber(request, "max-buckets", MaxBuckets);
        if (!max.IsOk) return max.Error;
        if (max.Value is < 1 or > MaxBuckets)
            return S3Error.InvalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", request.Query["max-buckets"]);
        string? after = null;
        if (request.Query["continuation-token"] is { Length: > 0 } token)
        {
            S3Result<string> continued = ContinuationToken.Read(token);
            if (!continued.IsOk) return continued.Error;
            after = continued.Value;
        }

        BucketPage page = store.ListBuckets(new BucketListing
        {
            OwnerId = caller.Owner.Id,
            Prefix = request.Query["prefix"] ?? "",
            StartAfter = after,
            MaxBuckets = max.Value,
        });
        using var writer = new S3XmlWriter("ListAllMyBucketsResult");
        writer.Open("Owner").Add("ID", caller.Owner.Id).Add("DisplayName", caller.Owner.DisplayName).Close().Open("Buckets");
        foreach (Bucket bucket in page.Buckets)
            writer.Open("Bucket").Add("Name", bucket.Name).Add("CreationDate", bucket.Created).Add("BucketRegion", options.Region).Close();
        writer.Close();
        if (page.Next is { } next) writer.Add("ContinuationToken", ContinuationToken.Write(next));
        writer.Add("Prefix", request.Query["prefix"]);
        return await S3Response.WriteAsync(request, writer);
    }
}
