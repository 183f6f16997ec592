using System.ComponentModel;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api.Instances;

/// <summary>The query string of a list of instances.</summary>
internal sealed record ListInstancesQuery
{
    [FromQuery(Name = "limit")]
    [Description("How many instances a page has at most, 1 to 1000. Default: 100.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "nextToken")]
    [Description("The nextToken of the page before.")]
    public string? NextToken { get; init; }

    [FromQuery(Name = "state")]
    [Description("Only instances in this state: pending, running, stopping, stopped, shutting-down or terminated.")]
    public string? State { get; init; }

    [FromQuery(Name = "instanceType")]
    [Description("Only instances of this type.")]
    public string? InstanceType { get; init; }

    public Result<InstanceQuery> ToQuery()
    {
        InstanceState? state = null;
        if (State is not null)
        {
            if (!EnumText.TryParse(State, out InstanceState wanted))
                return new CloudLabError(ErrorCode.InvalidParameter, "'state' is not a state that an instance can be in");
            state = wanted;
        }

        var query = new InstanceQuery { NextToken = NextToken, State = state, InstanceType = InstanceType };
        return Limit is { } limit ? query with { PageSize = limit } : query;
    }
}
