namespace CloudLab.Server.S3.Auth;

/// <summary>What a request's signature proves.</summary>
/// <param name="Principal">Who signed, or null when nobody did.</param>
/// <param name="Payload">How the body is framed and verified.</param>
/// <param name="IsPresigned">Whether the signature came in the query, so that parameters stand for headers.</param>
internal sealed record S3Identity(S3Principal? Principal, PayloadSigning Payload, bool IsPresigned)
{
    /// <summary>SigV4 or SigV2 in the header or the query, as policies name it; null when nobody signed.</summary>
    public string? SignatureVersion { get; init; }
}
