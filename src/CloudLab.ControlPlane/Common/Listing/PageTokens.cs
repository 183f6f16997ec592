using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>Reads and makes the tokens of pages. Any thread.</summary>
/// <remarks>The key is in the database, so that a token that one host made is good at another and after a restart.</remarks>
public sealed class PageTokens(SharedSecrets secrets)
{
    private const string KeyName = "page-tokens";

    /// <summary>Checks what every list checks, and makes the scope that the tokens of this list are good for.</summary>
    /// <param name="list">The list's name.</param>
    /// <param name="account">Whose list it is.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What makes the next page's token. Errors: InvalidParameter.</returns>
    internal async Task<Result<PageScope>> OpenAsync(
        string list, AccountId account, ListRequest request, CancellationToken cancellationToken)
    {
        if (request.PageSize is < 1 or > ListRequest.MaxPageSize)
            return new CloudLabError(ErrorCode.InvalidParameter, $"'limit' must be 1 to {ListRequest.MaxPageSize}");
        byte[] key = await secrets.GetAsync(KeyName, cancellationToken).ConfigureAwait(false);
        var filters = request.Filters.Select(filter => $"{filter.Name}={filter.Text}").Order(StringComparer.Ordinal);
        string scope = string.Join('\n', [list, account.Value, .. filters]);
        string[]? after = null;
        if (request.NextToken is { } token && (after = PageToken.Read(key, scope, token)) is null)
            return new CloudLabError(
                ErrorCode.InvalidParameter, "'nextToken' is not one that this list returned for the same filters");
        return new PageScope(key, scope, after);
    }
}
