using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>What holds for every answer, whatever was asked.</summary>
internal sealed class AnswerCheck(ApiDocument document)
{
    // What the server says before a route is found, so that no operation lists them.
    private static readonly string[] CodesOfNoOperation = ["path-not-found", "method-not-allowed", "host-not-allowed", "request-timeout", "bad-request"];

    /// <summary>What is wrong with an answer, or null.</summary>
    public string? Fault(FuzzRequest request, RawResponse answer)
    {
        if (answer.Status >= 500 && !(answer.Status == 503 && answer.Header("Retry-After") is not null)) return "it fails";
        if (answer.Status < 400) return FaultOfSuccess(request, answer);

        // The HTTP parser refuses what is no HTTP without a body, and hangs up.
        if (answer.Status is 400 or 408 or 413 or 414 or 431 or 505 && answer.Body.Length == 0 && answer.ContentType is null)
            return string.Equals(answer.Header("Connection"), "close", StringComparison.OrdinalIgnoreCase) ? null : "it refuses without a problem";
        if (answer.ContentType != "application/problem+json" || !answer.TryParse(out JsonNode? problem)) return "its error is no problem";
        string? code = (string?)problem!["code"];
        if (string.IsNullOrEmpty(code) || (string?)problem["type"] != "urn:cloudlab:problem:" + code) return "its problem has no code";
        if ((int)problem["status"]! != answer.Status) return "its problem has another status";
        if (CodesOfNoOperation.Contains(code) || !request.IsPathIntact) return null;
        if (request.Operation.Response(answer.Status) is not { } documented) return $"a {answer.Status} ({code}) is not documented";
        return documented["content"]?["application/problem+json"] is { } content ? document.Mismatch(problem, content["schema"]!) : null;
    }

    private string? FaultOfSuccess(FuzzRequest request, RawResponse answer)
    {
        if (!request.IsPathIntact) return null;
        if (request.Operation.Response(answer.Status) is not { } documented) return $"a {answer.Status} is not documented";
        if (documented["content"]?.AsObject() is not { Count: > 0 } content) return answer.Body.Length == 0 ? null : "its body is not documented";
        if (answer.ContentType is not { } type || content[type] is not { } media) return $"its type {answer.ContentType} is not documented";
        if (type != "application/json") return null;
        return answer.TryParse(out JsonNode? json) ? document.Mismatch(json, media["schema"]!) : "it is no JSON";
    }
}
