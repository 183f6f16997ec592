using System.ComponentModel;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Api.Common;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api;

/// <summary>The query string of a list in pages.</summary>
internal sealed record PageQuery
{
    [FromQuery(Name = "limit")]
    [Description("How many items a page has at most, 1 to 1000. Default: 100.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "nextToken")]
    [Description("The nextToken of the page before. Default: the first page.")]
    public string? NextToken { get; init; }

    /// <summary>As it came, for what is misspelt.</summary>
    public required HttpRequest Request { get; init; }

    public PageRequest ToRequest() => RequestedPage.Of(Request, Limit, NextToken);
}

/// <summary>The query string of a list of what users have.</summary>
internal sealed record UserPageQuery
{
    [FromQuery(Name = "limit")]
    [Description("How many items a page has at most, 1 to 1000. Default: 100.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "nextToken")]
    [Description("The nextToken of the page before. Default: the first page.")]
    public string? NextToken { get; init; }

    [FromQuery(Name = "userId")]
    [Description("Only what this user has. Default: everything that the caller may see.")]
    public string? UserId { get; init; }

    /// <summary>As it came, for what is misspelt.</summary>
    public required HttpRequest Request { get; init; }

    public PageRequest ToRequest() => RequestedPage.Of(Request, Limit, NextToken, nameof(UserId));

    /// <summary>The user that was asked for, or null for all; false for what is no id.</summary>
    public bool TryGetUser(out UserId? user) => RequestedUser.TryParse(UserId, out user);
}

/// <summary>A page that a request asks for.</summary>
internal static class RequestedPage
{
    /// <param name="request">The request.</param>
    /// <param name="limit">The page size that it names, if it does.</param>
    /// <param name="nextToken">The token that it names, if it does.</param>
    /// <param name="others">What else the list takes. Names are bound whatever their case.</param>
    public static PageRequest Of(HttpRequest request, int? limit, string? nextToken, params IEnumerable<string> others)
    {
        string[] known = [ListParameters.Limit, ListParameters.NextToken, .. others];
        string? unknown = request.Query.Keys.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase));
        var page = new PageRequest { NextToken = nextToken, Unknown = unknown };
        return limit is { } size ? page with { Size = size } : page;
    }
}

/// <summary>A user's id that a request may leave out.</summary>
internal static class RequestedUser
{
    public static readonly CloudLabError Malformed = new(ErrorCode.InvalidParameter, "'userId' is not the id of a user");

    public static bool TryParse(string? text, out UserId? user)
    {
        bool isId = UserId.TryParse(text, out UserId id);
        user = isId ? id : null;
        return isId || text is null;
    }
}
