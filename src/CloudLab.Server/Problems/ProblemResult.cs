using System.Diagnostics;
using CloudLab.ControlPlane.Common;
using Microsoft.AspNetCore.WebUtilities;

namespace CloudLab.Server.Problems;

/// <summary>An answer that is an error. Always JSON, whatever the client says it accepts: it is there to be read.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">The stable code.</param>
/// <param name="detail">A sentence for people.</param>
/// <param name="retryable">Whether the same request can succeed later.</param>
internal sealed class ProblemResult(int status, string code, string detail, bool retryable = false) : IResult, IStatusCodeHttpResult
{
    public const string ContentType = "application/problem+json";

    // How soon it makes sense to ask again: builds and stops take seconds, so sooner is noise.
    private const string RetryAfterSeconds = "5";

    public int Status => status;

    public string Code => code;

    int? IStatusCodeHttpResult.StatusCode => status;

    /// <summary>The one place where expected failures of the control plane become HTTP.</summary>
    public static ProblemResult From(CloudLabError error) =>
        new(StatusOf(error.Code), EnumText.Of(error.Code), error.Message, error.IsRetryable);

    /// <summary>The code of the problem that a request is answered with, or null.</summary>
    public static string? CodeOf(HttpContext context) => context.Items[typeof(ProblemResult)] as string;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Items[typeof(ProblemResult)] = code;
        HttpResponse response = httpContext.Response;
        response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable) response.Headers.RetryAfter = RetryAfterSeconds;
        var problem = new Problem
        {
            Type = "urn:cloudlab:problem:" + code,
            Title = ReasonPhrases.GetReasonPhrase(status),
            Status = status,
            Detail = detail,
            Code = code,
            Retryable = retryable,
            TraceId = Activity.Current?.Id ?? httpContext.TraceIdentifier,
        };
        return response.WriteAsJsonAsync(problem, options: null, ContentType, httpContext.RequestAborted);
    }

    private static int StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.InvalidParameter => StatusCodes.Status400BadRequest,
        ErrorCode.ImageFileInvalid => StatusCodes.Status400BadRequest,
        ErrorCode.ChecksumMismatch => StatusCodes.Status400BadRequest,
        ErrorCode.ImageNotOwned => StatusCodes.Status403Forbidden,
        ErrorCode.ImageFileTooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.InvalidToken => StatusCodes.Status401Unauthorized,
        ErrorCode.InvalidAccessKey => StatusCodes.Status401Unauthorized,
        ErrorCode.AccountSuspended => StatusCodes.Status403Forbidden,
        ErrorCode.Forbidden => StatusCodes.Status403Forbidden,
        ErrorCode.AccountNotFound => StatusCodes.Status404NotFound,
        ErrorCode.UserNotFound => StatusCodes.Status404NotFound,
        ErrorCode.TokenNotFound => StatusCodes.Status404NotFound,
        ErrorCode.AccessKeyNotFound => StatusCodes.Status404NotFound,
        ErrorCode.HostNotFound => StatusCodes.Status404NotFound,
        ErrorCode.AccountNotEmpty => StatusCodes.Status409Conflict,
        ErrorCode.NameInUse => StatusCodes.Status409Conflict,
        ErrorCode.QuotaExceeded => StatusCodes.Status409Conflict,
        ErrorCode.InstanceNotFound => StatusCodes.Status404NotFound,
        ErrorCode.ImageNotFound => StatusCodes.Status404NotFound,
        ErrorCode.WebhookNotFound => StatusCodes.Status404NotFound,
        ErrorCode.InstanceTypeNotFound => StatusCodes.Status404NotFound,
        ErrorCode.ImageUnavailable => StatusCodes.Status409Conflict,
        ErrorCode.IncorrectInstanceState => StatusCodes.Status409Conflict,
        ErrorCode.OperationNotPermitted => StatusCodes.Status409Conflict,
        ErrorCode.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        ErrorCode.IdempotentParameterMismatch => StatusCodes.Status409Conflict,
        ErrorCode.IdempotentInstanceTerminated => StatusCodes.Status409Conflict,
        ErrorCode.InsufficientInstanceCapacity => StatusCodes.Status503ServiceUnavailable,
    };
}
