using CloudLab.Server.S3;

namespace CloudLab.Server.Tests.S3;

/// <summary>A server that gives up bodies that stand still sooner than it usually does.</summary>
public sealed class ImpatientS3Fixture : S3Fixture
{
    private protected override S3Options MakeOptions() => base.MakeOptions() with { MaxBodyStall = TimeSpan.FromMilliseconds(500) };
}
