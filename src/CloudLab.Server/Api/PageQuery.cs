using System.ComponentModel;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api;

/// <summary>The query string of a list in pages.</summary>
internal sealed record PageQuery
{
    [FromQuery(Name = "limit")]
    [Description("How many items a page has at most, 1 to 1000. Default: 100.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "nextToken")]
    [Description("The nextToken of the page before.")]
    public string? NextToken { get; init; }

    public PageRequest ToRequest()
    {
        var request = new PageRequest { NextToken = NextToken };
        return Limit is { } limit ? request with { Size = limit } : request;
    }
}

/// <summary>The query string of a list of what users have.</summary>
internal sealed record UserPageQuery
{
    [FromQuery(Name = "limit")]
    [Description("How many items a page has at most, 1 to 1000. Default: 100.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "nextToken")]
    [Description("The nextToken of the page before.")]
    public string? NextToken { get; init; }

    [FromQuery(Name = "userId")]
    [Description("Only what this user has. Default: everything that the caller may see.")]
    public string? UserId { get; init; }

    public PageRequest ToRequest() => new PageQuery { Limit = Limit, NextToken = NextToken }.ToRequest();

    /// <summary>The user that was asked for, or null for all; false for what is no id.</summary>
    public bool TryGetUser(out UserId? user) => RequestedUser.TryParse(UserId, out user);
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
