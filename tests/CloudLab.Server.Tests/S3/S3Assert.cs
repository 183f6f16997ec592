using System.Net;
using Amazon.S3;

namespace CloudLab.Server.Tests.S3;

internal static class S3Assert
{
    /// <summary>The call must fail with this code.</summary>
    public static async Task<AmazonS3Exception> FailsAsync(string code, Task call)
    {
        AmazonS3Exception thrown = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => call);
        Assert.True(code == thrown.ErrorCode, $"{thrown.ErrorCode} instead of {code}: {thrown.Message}");
        return thrown;
    }

    /// <summary>The call must fail with this status, where there is no document to hold a code.</summary>
    public static async Task FailsAsync(HttpStatusCode status, Task call)
    {
        AmazonS3Exception thrown = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => call);
        Assert.Equal(status, thrown.StatusCode);
    }
}
