using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;

namespace CloudLab.ControlPlane.Tests.Plane;

/// <summary>Requests as most tests make them: in the plain form and whatever the version.</summary>
internal static class InstanceServiceExtensions
{
    public static Task<Result<InstanceChange>> StartAsync(
        this InstanceService service, AccountId account, InstanceId id, CancellationToken cancellationToken) =>
        service.StartAsync(account, id, Precondition.None, cancellationToken);

    public static Task<Result<InstanceChange>> StopAsync(
        this InstanceService service, AccountId account, InstanceId id, CancellationToken cancellationToken) =>
        service.StopAsync(account, id, isForced: false, Precondition.None, cancellationToken);

    public static Task<Result<InstanceChange>> RebootAsync(
        this InstanceService service, AccountId account, InstanceId id, string? clientToken, CancellationToken cancellationToken) =>
        service.RebootAsync(account, id, isHard: false, clientToken, Precondition.None, cancellationToken);

    public static Task<Result<InstanceChange>> TerminateAsync(
        this InstanceService service, AccountId account, InstanceId id, CancellationToken cancellationToken) =>
        service.TerminateAsync(account, id, Precondition.None, cancellationToken);

    /// <summary>A list with filters such as <c>state=running,pending</c>.</summary>
    public static Task<Result<Page<InstanceDetails>>> ListAsync(
        this InstanceService service, AccountId account, CancellationToken cancellationToken, params string[] filters) =>
        service.ListAsync(
            account,
            new ListRequest { Filters = [.. filters.Select(filter => filter.Split('=', 2)).Select(parts => new ListFilter(parts[0], parts[1]))] },
            cancellationToken);
}
