using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Instances;

/// <summary>Lists as databases see them: filters, wildcards, and tokens.</summary>
public sealed class InstanceListTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task Filters_match_all_of_their_names_and_any_of_their_values(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        InstanceId web1 = await CreateAsync(plane, "standard.small", ("Name", "web-1"), ("stage", "test"));
        InstanceId web2 = await CreateAsync(plane, "standard.medium", ("Name", "web-2"));
        InstanceId odd = await CreateAsync(plane, "highcpu.medium", ("Name", "WEB*,?\\_%"), ("näme", "ü"));
        await plane.ChangeAsync(web2, i => i.ObserveBoot(1));

        await MatchesAsync(plane, [odd, web2, web1]);
        await MatchesAsync(plane, [web1], "tag:Name=web-1");
        await MatchesAsync(plane, [web2, web1], "tag:Name=web-*");
        await MatchesAsync(plane, [web2, web1], "tag:Name=web-?");
        await MatchesAsync(plane, [web2, web1], "tag:Name=w*b-*");
        await MatchesAsync(plane, [], "tag:Name=web");
        await MatchesAsync(plane, [], "tag:name=web-1");
        await MatchesAsync(plane, [odd], "tag:Name=WEB*");
        await MatchesAsync(plane, [odd], @"tag:Name=WEB\*\,\?\\_%");
        await MatchesAsync(plane, [odd], @"tag:Name=*\**");
        await MatchesAsync(plane, [odd], @"tag:Name=*\\_%");
        await MatchesAsync(plane, [], "tag:Name=WEB_,__%%");
        await MatchesAsync(plane, [odd], "tag:näme=?");
        await MatchesAsync(plane, [odd, web1], "tagKey=stage,n?me");
        await MatchesAsync(plane, [web2, web1], "tag:Name=web-1,web-2");
        await MatchesAsync(plane, [web2, web1], "tag:Name=web-1", "tag:Name=web-2");
        await MatchesAsync(plane, [web2, web1], "instanceType=standard.*");
        await MatchesAsync(plane, [odd, web2], "instanceType=*.medium");
        await MatchesAsync(plane, [web1], "instanceType=standard.*", "state=pending");
        await MatchesAsync(plane, [odd, web2, web1], "state=pending,running");
        await MatchesAsync(plane, [odd, web1], $"instanceId={odd},{web1}");
        await MatchesAsync(plane, [odd, web2, web1], $"imageId={(await plane.GetAsync(odd)).ImageId}");
        await MatchesAsync(plane, [], "instanceCheck=impaired");
    }

    [Theory, BothDatabases]
    public async Task What_a_list_does_not_take_is_refused_by_name(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        (string Filter, string Named)[] refused =
        [
            ("stat=running", "'stat'"),
            ("State=running", "'State'"),
            ("tag:=x", "'tag:'"),
            ("state=dreaming", "'state' takes pending, running"),
            ("state=", "'state' takes"),
            ("state=run*", "'state' takes"),
            ("instanceType=standard.tiny", "'instanceType' matches no instance type"),
            ("instanceType=x*", "'instanceType' matches no instance type"),
            ("instanceId=i-*", "'instanceId' takes whole ids"),
            ("imageId=cloudlab-linux", "'imageId' takes whole ids"),
            (@"tag:Name=web\", "'tag:Name' ends in a backslash"),
            ("tag:Name=a*b*c*d*e*f", "more than 4 times '*'"),
            ("tag:Name=\0", "control character"),
            ("tag:a\nb=x", "control character"),
            ("tag:Name=" + new string('x', 301), "more than 300 characters"),
            ("tag:Name=" + string.Join(',', Enumerable.Range(0, 51)), "at most 50 values"),
        ];
        foreach ((string filter, string named) in refused)
        {
            CloudLabError error = Refused(await plane.Instances.ListAsync(plane.Account, Cancel, filter), ErrorCode.InvalidParameter);
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
        }

        Refused(
            await plane.Instances.ListAsync(plane.Account, Cancel, [.. Enumerable.Repeat("state=running", 21)]), ErrorCode.InvalidParameter);
    }

    [Theory, BothDatabases]
    public async Task A_token_is_good_for_its_list_its_filters_and_its_account_at_every_host(DatabaseProvider provider)
    {
        await using TestPlane plane = await ReadyAsync(provider);
        await plane.CreateAsync(3);
        ListFilter filter = new("state", "pending");
        var request = new ListRequest { PageSize = 2, Filters = [filter] };
        string token = Ok(await plane.Instances.ListAsync(plane.Account, request, Cancel)).NextToken!;
        var next = request with { PageSize = 7, NextToken = token };
        Assert.Single(Ok(await plane.Instances.ListAsync(plane.Account, next, Cancel)).Items);

        await using TestPlane another = await plane.OpenAnotherAsync(QuickOptions with { HostName = "host-b" });
        Assert.Single(Ok(await another.Instances.ListAsync(plane.Account, next, Cancel)).Items);
        await using TestPlane stranger = await TestPlane.CreateAsync(provider, postgres);
        Refused(await stranger.Instances.ListAsync(plane.Account, next, Cancel), ErrorCode.InvalidParameter);
        Refused(await plane.Instances.ListAsync(AccountId.New(), next, Cancel), ErrorCode.InvalidParameter);
        Refused(await plane.Instances.ListAsync(plane.Account, next with { Filters = [] }, Cancel), ErrorCode.InvalidParameter);
        Refused(
            await plane.Instances.ListAsync(plane.Account, next with { Filters = [filter with { Text = "running" }] }, Cancel),
            ErrorCode.InvalidParameter);
        for (int i = 0; i < token.Length; i++)
        {
            string changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
            Result<Page<InstanceDetails>> page = await plane.Instances.ListAsync(plane.Account, next with { NextToken = changed }, Cancel);
            // The last character holds bits that mean nothing.
            if (i < token.Length - 1) Refused(page, ErrorCode.InvalidParameter);
        }
    }

    private static async Task MatchesAsync(TestPlane plane, InstanceId[] expected, params string[] filters)
    {
        Page<InstanceDetails> page = Ok(await plane.Instances.ListAsync(plane.Account, Cancel, filters));
        Assert.Equal(expected, page.Items.Select(i => i.Id));
    }

    private static async Task<InstanceId> CreateAsync(TestPlane plane, string type, params (string Key, string Value)[] tags)
    {
        var request = new CreateInstances
        {
            Image = "cloudlab-linux",
            InstanceType = type,
            Tags = tags.ToDictionary(tag => tag.Key, tag => tag.Value),
        };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;
        plane.Clock.Advance(TimeSpan.FromMilliseconds(1));
        return id;
    }

    private async Task<TestPlane> ReadyAsync(DatabaseProvider provider)
    {
        TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        return plane;
    }
}
