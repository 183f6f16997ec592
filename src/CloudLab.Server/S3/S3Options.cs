namespace CloudLab.Server.S3;

/// <summary>What an operator chose for the S3 service.</summary>
internal sealed record S3Options
{
    /// <summary>Where buckets are without a location constraint, as in S3.</summary>
    public const string DefaultRegion = "us-east-1";

    /// <summary>The region that signatures name and buckets are in.</summary>
    public string Region { get; init; } = DefaultRegion;

    /// <summary>Domains whose sub-domains are buckets. Empty: path style only.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Whether signature version 2 is taken. On, because boto3 presigns with it against other endpoints than AWS's.</summary>
    public bool AllowSigV2 { get; init; } = true;

    /// <summary>How far a client's clock may be off, as in S3.</summary>
    public TimeSpan MaxClockSkew { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an upload may stand still before it is given up. S3 waits about as long.</summary>
    public TimeSpan MaxBodyStall { get; init; } = TimeSpan.FromSeconds(20);
}
