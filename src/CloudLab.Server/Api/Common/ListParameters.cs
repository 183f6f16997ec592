using CloudLab.ControlPlane.Common.Listing;
using Microsoft.AspNetCore.WebUtilities;

namespace CloudLab.Server.Api.Common;

/// <summary>The query string of a list: <c>limit</c>, <c>nextToken</c>, and filters, which are everything else.</summary>
internal static class ListParameters
{
    public const string Limit = "limit";
    public const string NextToken = "nextToken";

    /// <param name="request">The request; its query is read as it came, because the keys of tags differ by case.</param>
    /// <param name="limit">The page size as it was bound.</param>
    /// <param name="nextToken">The token as it was bound.</param>
    public static ListRequest Read(HttpRequest request, int? limit, string? nextToken)
    {
        List<ListFilter> filters = [];
        foreach (QueryStringEnumerable.EncodedNameValuePair pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            string name = pair.DecodeName().ToString();
            if (name is not (Limit or NextToken)) filters.Add(new ListFilter(name, pair.DecodeValue().ToString()));
        }

        return new ListRequest { PageSize = limit ?? ListRequest.DefaultPageSize, NextToken = nextToken, Filters = filters };
    }
}
