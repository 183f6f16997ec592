using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Buckets;

/// <summary>Configurations that cannot be made here. To read or to delete one answers as S3 does where there is none.</summary>
internal static class AbsentConfigurationHandler
{
    public static async Task<S3Error?> GetAsync(S3Request request)
    {
        string name = S3Router.AbsentConfiguration(request.Query)!;
        S3Error? missing = name switch
        {
            "lifecycle" => new(S3ErrorCode.NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist"),
            "replication" => new(S3ErrorCode.ReplicationConfigurationNotFoundError, "The replication configuration was not found"),
            "website" => new(S3ErrorCode.NoSuchWebsiteConfiguration, "The specified bucket does not have a website configuration"),
            "object-lock" => new(S3ErrorCode.ObjectLockConfigurationNotFoundError, "Object Lock configuration does not exist for this bucket"),
            "analytics" or "intelligent-tiering" or "inventory" or "metrics" when request.Query.Contains("id") =>
                new(S3ErrorCode.NoSuchConfiguration, "The specified configuration does not exist."),
            _ => null,
        };
        if (missing is not null) return missing with { Details = [("BucketName", request.BucketName)] };
        using var writer = new S3XmlWriter(name switch
        {
            "accelerate" => "AccelerateConfiguration",
            "analytics" => "ListBucketAnalyticsConfigurationsResult",
            "intelligent-tiering" => "ListBucketIntelligentTieringConfigurationsOutput",
            "inventory" => "ListInventoryConfigurationsResult",
            "logging" => "BucketLoggingStatus",
            "metrics" => "ListMetricsConfigurationsResult",
            "notification" => "NotificationConfiguration",
            _ => "RequestPaymentConfiguration",
        });
        if (name == "requestPayment") writer.Add("Payer", "BucketOwner");
        if (name is "analytics" or "intelligent-tiering" or "inventory" or "metrics") writer.Add("IsTruncated", false);
        return await S3Response.WriteAsync(request, writer);
    }
}
