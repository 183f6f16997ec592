using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Instances;

/// <summary>Client tokens in the transaction of the request that they make idempotent.</summary>
internal static class ClientTokens
{
    /// <summary>Records a client token, or finds that it was used for the same before.</summary>
    public static async Task<(bool IsRepeated, CloudLabError? Error)> UseAsync(
        CloudLabDbContext db, AccountId account, string token, string fingerprint, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ClientRequest? before = await db.ClientRequests.AsNoTracking()
            .SingleOrDefaultAsync(r => r.AccountId == account && r.Token == token, cancellationToken)
            .ConfigureAwait(false);
        if (before is null)
        {
            db.ClientRequests.Add(new ClientRequest(account, token, fingerprint, now));
            return (false, null);
        }

        if (before.Fingerprint == fingerprint) return (true, null);
        return (false, new CloudLabError(
            ErrorCode.IdempotentParameterMismatch, "the client token was used before for a request with other parameters"));
    }

    /// <summary>The hash of an operation with its parameters.</summary>
    public static string Fingerprint(string operation) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(operation)));
}
