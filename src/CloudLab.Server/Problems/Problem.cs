using System.Text.Json.Serialization;

namespace CloudLab.Server.Problems;

/// <summary>The body of every answer that is an error: RFC 9457's problem details with two members of our own.</summary>
internal sealed record Problem
{
    /// <summary>Identifies the kind of problem; ends in <see cref="Code"/>.</summary>
    /// <example>urn:cloudlab:problem:instance-not-found</example>
    public required string Type { get; init; }

    /// <summary>The HTTP status in words.</summary>
    /// <example>Not Found</example>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    /// <example>404</example>
    public required int Status { get; init; }

    /// <summary>What is wrong in this request, for people.</summary>
    /// <example>there is no instance i-0123456789abcdef0</example>
    public required string Detail { get; init; }

    /// <summary>What is wrong, for programs: these texts stay as they are.</summary>
    /// <example>instance-not-found</example>
    public required string Code { get; init; }

    /// <summary>Whether the same request can succeed later without a change.</summary>
    /// <example>false</example>
    public required bool Retryable { get; init; }

    /// <summary>Finds this request in the server's log.</summary>
    /// <example>00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00</example>
    [JsonPropertyName("traceId")]
    public required string TraceId { get; init; }
}
