using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Quotas;

public sealed class QuotaServiceTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task The_last_place_goes_to_one_of_many_requests_at_once(DatabaseProvider provider)
    {
        await using TestPlane plane = await StartAsync(provider, (QuotaName.Instances, 3));
        Result<IReadOnlyList<InstanceDetails>>[] results =
            await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(() => CreateAsync(plane, 1))));

        Assert.Equal(3, results.Count(r => r.IsOk));
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(ErrorCode.QuotaExceeded, r.Error!.Code));
        Assert.Equal(3, (await UseAsync(plane, QuotaName.Instances)).Used);
    }

    [Theory, BothDatabases]
    public async Task A_refusal_says_which_quota_its_limit_and_the_use_and_makes_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await StartAsync(provider, (QuotaName.Vcpus, 3));
        Ok(await CreateAsync(plane, 2));
        CloudLabError error = Refused(await CreateAsync(plane, 2), ErrorCode.QuotaExceeded);
        Assert.Equal("the account's quota of 3 vcpus does not allow 2 more: 2 are in use", error.Message);
        Assert.Equal(2, (await UseAsync(plane, QuotaName.Instances)).Used);
        Ok(await CreateAsync(plane, 1));
    }

    [Theory, BothDatabases]
    public async Task Stopped_instances_count_as_instances_but_not_for_vcpus_and_memory(DatabaseProvider provider)
    {
        await using TestPlane plane = await StartAsync(provider, (QuotaName.Vcpus, 1), (QuotaName.MemoryBytes, 128 << 20));
        InstanceId first = Ok(await CreateAsync(plane, 1))[0].Id;
        Refused(await CreateAsync(plane, 1), ErrorCode.QuotaExceeded);
        Ok(await plane.Instances.StopAsync(plane.Account, first, Cancel));
        await plane.ChangeAsync(first, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        Assert.Equal(new long[] { 1, 0, 0 }, await UsesAsync(plane));

        InstanceId second = Ok(await CreateAsync(plane, 1))[0].Id;
        Assert.Equal(new long[] { 2, 1, 128 << 20 }, await UsesAsync(plane));
        Refused(await plane.Instances.StartAsync(plane.Account, first, Cancel), ErrorCode.QuotaExceeded);
        Ok(await plane.Instances.TerminateAsync(plane.Account, second, Cancel));
        await plane.ChangeAsync(second, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        Ok(await plane.Instances.StartAsync(plane.Account, first, Cancel));
        Assert.Equal(new long[] { 1, 1, 128 << 20 }, await UsesAsync(plane));
    }

    [Theory, BothDatabases]
    public async Task Limits_that_are_set_replace_defaults_until_they_are_set_no_more(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        QuotaUse before = await UseAsync(plane, QuotaName.Instances);
        Assert.Equal((10_000, true), (before.Limit, before.IsDefault));
        await SetAsync(plane, (QuotaName.Instances, 0), (QuotaName.Buckets, 7));
        QuotaUse set = await UseAsync(plane, QuotaName.Instances);
        Assert.Equal((0, false), (set.Limit, set.IsDefault));
        Assert.Equal(7, await plane.Quotas.GetLimitAsync(plane.Account, QuotaName.Buckets, Cancel));
        Assert.Equal(0, (await plane.Quotas.GetLimitsAsync(plane.Account, Cancel))[QuotaName.Instances]);
        Assert.Null(await plane.Quotas.GetLimitAsync(plane.Account, QuotaName.Objects, Cancel));
        await SetAsync(plane);
        Assert.Equal(before, await UseAsync(plane, QuotaName.Instances));
        foreach (long wrong in new[] { -1, QuotaService.MaxLimit + 1 })
        {
            var limits = new Dictionary<QuotaName, long> { [QuotaName.Vcpus] = wrong };
            Refused(await plane.Quotas.SetAsync(plane.Account, limits, Cancel), ErrorCode.InvalidParameter);
            Refused(await plane.Quotas.SetAsync(AccountId.New(), new Dictionary<QuotaName, long>(), Cancel), ErrorCode.AccountNotFound);
        }
    }

    private async Task<TestPlane> StartAsync(DatabaseProvider provider, params (QuotaName, long)[] limits)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        await SetAsync(plane, limits);
        return plane;
    }

    private static async Task SetAsync(TestPlane plane, params (QuotaName Name, long Limit)[] limits) =>
        Ok(await plane.Quotas.SetAsync(plane.Account, limits.ToDictionary(l => l.Name, l => l.Limit), Cancel));

    private static Task<Result<IReadOnlyList<InstanceDetails>>> CreateAsync(TestPlane plane, int count) => plane.Instances.CreateAsync(
        plane.Account, new CreateInstances { Image = "cloudlab-linux", InstanceType = "standard.small", Count = count }, Cancel);

    private static async Task<QuotaUse> UseAsync(TestPlane plane, QuotaName name) =>
        Ok(await plane.Quotas.GetAsync(plane.Account, Cancel)).Single(use => use.Name == name);

    private static async Task<long[]> UsesAsync(TestPlane plane) =>
        [.. Ok(await plane.Quotas.GetAsync(plane.Account, Cancel)).Where(u => u.Name <= QuotaName.MemoryBytes).Select(u => u.Used)];
}
