using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>The keys by which receivers know that a delivery is ours.</summary>
public sealed class WebhookSecrets(MasterKey masterKey)
{
    private const string Prefix = "whsec_";

    private readonly SecretSeal _seal = new(masterKey.Derive("webhooks"));

    /// <summary>Gives a webhook a new secret of 256 random bits.</summary>
    /// <returns>The secret, which is stored sealed only.</returns>
    internal string Renew(Webhook webhook)
    {
        string secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        webhook.Seal(_seal.Seal(secret, webhook.Id.Value));
        return secret;
    }

    /// <summary>The signature of a delivery: <c>t=SECONDS,v1=HMAC</c>, where the HMAC-SHA-256 is over <c>SECONDS.BODY</c>.</summary>
    /// <exception cref="CryptographicException">The secret was sealed under another master key.</exception>
    internal string Sign(Webhook webhook, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        string seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] key = Encoding.UTF8.GetBytes(_seal.Open(webhook.Secret, webhook.Id.Value));
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds + "."), .. body];
        return $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(key, signed))}";
    }
}
