using System.Text.Json;
using System.Text.RegularExpressions;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Storage.Files;
using Microsoft.AspNetCore.Diagnostics;

namespace CloudLab.Server.Problems;

/// <summary>What is thrown on the way through a request, as a problem.</summary>
/// <remarks>The framework throws for malformed requests, infrastructure when it is broken; all else is a bug.</remarks>
internal sealed partial class ProblemExceptionHandler(ILogger<ProblemExceptionHandler> logger) : IExceptionHandler
{
    private const int ClientClosedRequest = 499;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = ClientClosedRequest;
            return true;
        }

        try
        {
            await Map(httpContext, exception).ExecuteAsync(httpContext);
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The client left while it was being told: there is nobody to tell, and nothing went wrong here.
        }

        return true;
    }

    private ProblemResult Map(HttpContext context, Exception exception)
    {
        if (exception is BadHttpRequestException malformed) return Malformed(context, malformed);
        if (DatabaseFaults.IsAway(exception))
        {
            Log.DatabaseAway(logger, exception);
            return new(StatusCodes.Status503ServiceUnavailable, "database-unavailable", "the database does not answer", retryable: true);
        }

        if (DiskFaults.IsFull(exception))
        {
            Log.DiskFull(logger, exception);
            return new(StatusCodes.Status503ServiceUnavailable, "storage-full", "the host's disk is full", retryable: true);
        }

        Log.Failed(logger, context.Request.Method, context.Request.Path, exception);
        return StatusProblems.For(StatusCodes.Status500InternalServerError, context);
    }

    private static ProblemResult Malformed(HttpContext context, BadHttpRequestException exception)
    {
        if (exception.StatusCode != StatusCodes.Status400BadRequest) return StatusProblems.For(exception.StatusCode, context);
        string detail = exception.InnerException switch
        {
            JsonException json => Describe(json),
            _ when exception is MalformedRequestException => exception.Message,
            _ when Parameter().Match(exception.Message) is { Success: true } match =>
                $"'{match.Groups["value"].Value}' is not a value for '{JsonNamingPolicy.CamelCase.ConvertName(match.Groups["name"].Value)}'",
            _ => "the request needs a JSON body",
        };
        return new(StatusCodes.Status400BadRequest, "invalid-request", detail);
    }

    // The serializer's own messages name our types: no business of a client.
    private static string Describe(JsonException exception)
    {
        Match named = QuotedName().Match(exception.Message);
        if (exception.Message.Contains("could not be mapped", StringComparison.Ordinal) && named.Success)
            return $"'{named.Groups["name"].Value}' is not a known field";
        if (exception.Message.Contains("missing required properties", StringComparison.Ordinal))
            return "these fields are missing: " + exception.Message[(exception.Message.LastIndexOf(':') + 1)..].Trim().TrimEnd('.');
        if (exception.Message.Contains("Duplicate property", StringComparison.Ordinal) && named.Success)
            return $"'{named.Groups["name"].Value}' is there twice";
        if (exception.InnerException is JsonException)
            return $"the body is not JSON from line {exception.LineNumber + 1}, byte {exception.BytePositionInLine} on";
        return exception.Path is null or "$" ? "the body is not a JSON object" : $"the value at {exception.Path} is not one that it can have";
    }

    [GeneratedRegex("\"(?:[^\" ]+ )?(?<name>\\w+)\" from \"(?<value>[^\"]{0,100})\"")]
    private static partial Regex Parameter();

    [GeneratedRegex("'(?<name>[^']{1,100})'")]
    private static partial Regex QuotedName();

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
        public static partial void Failed(ILogger logger, string method, string path, Exception exception);

        [LoggerMessage(2, LogLevel.Warning, "the database does not answer")]
        public static partial void DatabaseAway(ILogger logger, Exception exception);

        [LoggerMessage(3, LogLevel.Error, "the disk is full")]
        public static partial void DiskFull(ILogger logger, Exception exception);
    }
}
