using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>When tokens and access keys were last used: noted in memory by requests, written now and then by <see cref="IdentityKeeper"/>.</summary>
/// <remarks>Each is written once per interval however often it is used. What is noted when the process dies is lost. Any thread.</remarks>
public sealed class LastUse(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time)
{
    // Beyond this many in one interval the rest goes unrecorded: bounded memory, and a bounded write.
    private const int MaxNoted = 10_000;

    private readonly Lock _lock = new();
    private Dictionary<TokenId, DateTimeOffset> _tokens = [];
    private Dictionary<AccessKeyId, DateTimeOffset> _accessKeys = [];

    internal void Record(TokenId token)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        lock (_lock)
            if (_tokens.Count < MaxNoted || _tokens.ContainsKey(token))
                _tokens[token] = now;
    }

    internal void Record(AccessKeyId key)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        lock (_lock)
            if (_accessKeys.Count < MaxNoted || _accessKeys.ContainsKey(key))
                _accessKeys[key] = now;
    }

    /// <summary>Writes what was noted since the last time.</summary>
    /// <returns>How many rows.</returns>
    internal async Task<int> WriteAsync(CancellationToken cancellationToken)
    {
        Dictionary<TokenId, DateTimeOffset> tokens;
        Dictionary<AccessKeyId, DateTimeOffset> accessKeys;
        lock (_lock)
        {
            (tokens, _tokens) = (_tokens, []);
            (accessKeys, _accessKeys) = (_accessKeys, []);
        }

        if (tokens.Count + accessKeys.Count == 0) return 0;
        return await contexts.WriteAsync(
            async (db, ct) =>
            {
                int written = 0;
                foreach ((TokenId id, DateTimeOffset at) in tokens)
                    written += await db.ApiTokens.Where(t => t.Id == id && (t.LastUsedAt == null || t.LastUsedAt < at))
                        .ExecuteUpdateAsync(set => set.SetProperty(t => t.LastUsedAt, at), ct).ConfigureAwait(false);
                foreach ((AccessKeyId id, DateTimeOffset at) in accessKeys)
                    written += await db.AccessKeys.Where(k => k.Id == id && (k.LastUsedAt == null || k.LastUsedAt < at))
                        .ExecuteUpdateAsync(set => set.SetProperty(k => k.LastUsedAt, at), ct).ConfigureAwait(false);
                return written;
            },
            cancellationToken).ConfigureAwait(false);
    }
}
