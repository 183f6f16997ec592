using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.S3.Auth;

/// <summary>The control plane's access keys and accounts.</summary>
internal sealed class ControlPlaneCredentials(AccessKeyService keys, AccountService accounts) : IS3Credentials
{
    public async ValueTask<S3Principal?> FindAsync(string accessKeyId, CancellationToken cancellationToken)
    {
        Result<AccessKeyHolder> found = await keys.FindAsync(accessKeyId, cancellationToken);
        if (!found.IsOk) return null;
        AccessKeyHolder holder = found.Value;
        string account = holder.AccountId.Value;
        return new S3Principal(accessKeyId, account, holder.UserName, new S3Owner(holder.CanonicalUserId, holder.AccountName, account))
        {
            Secret = holder.Secret,
            IsReadOnly = holder.Role == Role.Viewer,
            IsAdministrator = holder.Role == Role.Admin,
        };
    }

    public async ValueTask<S3Owner?> FindOwnerAsync(string canonicalUserId, CancellationToken cancellationToken)
    {
        Result<AccountDetails> found = await accounts.GetByCanonicalUserIdAsync(canonicalUserId, cancellationToken);
        return found.IsOk ? new S3Owner(canonicalUserId, found.Value.Name, found.Value.Id.Value) : null;
    }

    // Accounts have no e-mail addresses.
    public ValueTask<S3Owner?> FindOwnerByEmailAsync(string email, CancellationToken cancellationToken) => new((S3Owner?)null);
}
