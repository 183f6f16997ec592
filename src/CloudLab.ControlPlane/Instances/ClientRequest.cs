using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Instances;

/// <summary>A client token that was used, and for what: the key that makes a repeated request harmless.</summary>
/// <remarks>Its row is inserted in the transaction of the request, so of two at once one sees the other.</remarks>
public sealed class ClientRequest
{
    public const int MaxTokenLength = 64;

    public ClientRequest(AccountId accountId, string token, string fingerprint, DateTimeOffset createdAt)
    {
        AccountId = accountId;
        Token = token;
        Fingerprint = fingerprint;
        CreatedAt = createdAt;
    }

    public AccountId AccountId { get; private set; }

    public string Token { get; private set; }

    /// <summary>The operation and all its parameters, hashed.</summary>
    public string Fingerprint { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}
