using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>Reads and makes the tokens of pages. Any thread.</summary>
/// <remarks>
/// The key is derived from the master key, which hosts of a database share, so that a token that one host made is good at
/// another and after a restart.
/// </remarks>
public sealed class PageTokens(MasterKey masterKey)
{
    private readonly byte[] _key = masterKey.Derive("page-tokens");

    /// <summary>Checks what every list checks, and makes the scope that the tokens of this list are good for.</summary>
    /// <param name="list">The list's name.</param>
    /// <param name="account">Whose list it is.</param>
    /// <param name="request">The request.</param>
    /// <returns>What makes the next page's token. Errors: InvalidParameter.</returns>
    internal Result<PageScope> Open(string list, AccountId account, ListRequest request)
    {
        if (request.PageSize is < 1 or > ListRequest.MaxPageSize)
            return new CloudLabError(ErrorCode.InvalidParameter, $"'limit' must be 1 to {ListRequest.MaxPageSize}");
        var filters = request.Filters.Select(filter => $"{filter.Name}={filter.Text}").Order(StringComparer.Ordinal);
        string scope = string.Join('\n', [list, account.Value, .. filters]);
        string[]? after = null;
        if (request.NextToken is { } token && (after = PageToken.Read(_key, scope, token)) is null)
            return new CloudLabError(
                ErrorCode.InvalidParameter, "'nextToken' is not one that this list returned for the same filters");
        return new PageScope(_key, scope, after);
    }
}
