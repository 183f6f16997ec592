using System.ComponentModel;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api.Images;

/// <summary>Which images a list shows.</summary>
internal sealed record ListImagesQuery
{
    /// <summary>Exactly this name.</summary>
    [FromQuery(Name = "name")]
    [Description("Only images of exactly this name.")]
    public string? Name { get; init; }

    /// <summary>Only images in this state.</summary>
    [FromQuery(Name = "state")]
    [Description("Only images in this state: `pending`, `available` or `unavailable`.")]
    public string? State { get; init; }

    /// <summary>Whose images.</summary>
    [FromQuery(Name = "owner")]
    [Description("Only images of `self`, `system`, or of other accounts (`shared`).")]
    public string? Owner { get; init; }

    /// <summary>How many at most.</summary>
    [FromQuery(Name = "limit")]
    [Description("How many images at most, 1 to 1000. Default: 100.")]
    public int? Limit { get; init; }

    /// <summary>The page before's token.</summary>
    [FromQuery(Name = "nextToken")]
    [Description("The `nextToken` of the page before.")]
    public string? NextToken { get; init; }

    public Result<ImageQuery> ToQuery()
    {
        ImageState? state = null;
        if (State is not null)
        {
            if (!EnumText.TryParse(State, out ImageState named))
                return new CloudLabError(ErrorCode.InvalidParameter, "the state must be pending, available or unavailable");
            state = named;
        }

        ImageOwner? owner = null;
        if (Owner is not null)
        {
            if (!EnumText.TryParse(Owner, out ImageOwner named))
                return new CloudLabError(ErrorCode.InvalidParameter, "the owner must be self, system or shared");
            owner = named;
        }

        return new ImageQuery { Name = Name, State = state, Owner = owner, PageSize = Limit ?? ImageQuery.DefaultPageSize, NextToken = NextToken };
    }
}
