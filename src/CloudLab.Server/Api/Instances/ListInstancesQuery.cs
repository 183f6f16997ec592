using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.Server.Api.Common;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api.Instances;

/// <summary>The query string of a list of instances. The filters are here for the documentation: see <see cref="ListParameters"/>.</summary>
internal sealed record ListInstancesQuery
{
    [FromQuery(Name = ListParameters.Limit)]
    [Description("How many instances a page has at most. Default: 100.")]
    [Range(1, ListRequest.MaxPageSize)]
    public int? Limit { get; init; }

    [FromQuery(Name = ListParameters.NextToken)]
    [Description("The nextToken of the page before, with the same filters.")]
    [MaxLength(ListRequest.MaxTokenLength)]
    public string? NextToken { get; init; }

    [FromQuery(Name = "state")]
    [Description("Only instances in one of these states: pending, running, stopping, stopped, shutting-down, terminated.")]
    public string? State { get; init; }

    [FromQuery(Name = "instanceType")]
    [Description("Only instances of one of these types; `*` and `?` are wildcards.")]
    public string? InstanceType { get; init; }

    [FromQuery(Name = "instanceId")]
    [Description("Only the instances with one of these ids.")]
    public string? InstanceId { get; init; }

    [FromQuery(Name = "imageId")]
    [Description("Only instances that boot one of the images with these ids.")]
    public string? ImageId { get; init; }

    [FromQuery(Name = "systemCheck")]
    [Description("Only instances whose system check says one of these: not-available, initializing, passed, impaired.")]
    public string? SystemCheck { get; init; }

    [FromQuery(Name = "instanceCheck")]
    [Description("Only instances whose instance check says one of these: not-available, initializing, passed, impaired.")]
    public string? InstanceCheck { get; init; }

    [FromQuery(Name = "tagKey")]
    [Description("Only instances that have a tag with one of these keys; `*` and `?` are wildcards.")]
    public string? TagKey { get; init; }
}
