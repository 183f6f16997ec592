namespace CloudLab.Server.S3.Auth;

/// <summary>What a signing key is good for.</summary>
/// <param name="Date">The day, <c>yyyyMMdd</c>.</param>
/// <param name="Region">The region.</param>
/// <param name="Service">The service.</param>
internal sealed record SigV4Scope(string Date, string Region, string Service)
{
    public override string ToString() => $"{Date}/{Region}/{Service}/{SigV4.Terminator}";
}

/// <summary>The credential part of a signature: a key and a scope.</summary>
/// <param name="AccessKeyId">The access key.</param>
/// <param name="Scope">What it signs for.</param>
internal sealed record SigV4Credential(string AccessKeyId, SigV4Scope Scope)
{
    /// <summary>Takes <c>KEY/yyyyMMdd/region/service/aws4_request</c>; a key may hold slashes. Null for anything else.</summary>
    public static SigV4Credential? TryParse(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length < 5 || parts[^1] != SigV4.Terminator) return null;
        string key = string.Join('/', parts[..^4]);
        if (key.Length == 0 || parts[^4].Length != 8 || parts[^4].AsSpan().ContainsAnyExceptInRange('0', '9')) return null;
        return new SigV4Credential(key, new SigV4Scope(parts[^4], parts[^3], parts[^2]));
    }
}
