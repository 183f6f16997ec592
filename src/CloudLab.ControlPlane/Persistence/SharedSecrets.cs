using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Random keys by name, made by the first host that asks. They never change. Any thread.</summary>
public sealed class SharedSecrets(IDbContextFactory<CloudLabDbContext> contexts)
{
    private const int Length = 32;

    private readonly ConcurrentDictionary<string, byte[]> _known = new(StringComparer.Ordinal);

    internal async ValueTask<byte[]> GetAsync(string name, CancellationToken cancellationToken) =>
        _known.TryGetValue(name, out byte[]? known)
            ? known
            : _known[name] = await ReadOrMakeAsync(name, cancellationToken).ConfigureAwait(false);

    // Of two that make it at once, one conflicts and reads the other's.
    private Task<byte[]> ReadOrMakeAsync(string name, CancellationToken cancellationToken) => contexts.WriteAsync(
        async (db, ct) =>
        {
            SharedSecret? secret = await db.SharedSecrets.SingleOrDefaultAsync(s => s.Name == name, ct).ConfigureAwait(false);
            if (secret is null)
            {
                secret = new SharedSecret(name, RandomNumberGenerator.GetBytes(Length));
                db.SharedSecrets.Add(secret);
            }

            return secret.Value;
        },
        cancellationToken);
}
