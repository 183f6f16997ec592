using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Identity;

public sealed class AccountServiceTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task The_first_account_manages_the_others_and_is_neither_suspended_nor_deleted(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        AccountDetails first = Ok(await plane.Accounts.GetAsync(plane.Account, Cancel));
        Assert.Equal(("default", true), (first.Name, first.IsManagement));
        Assert.Equal(plane.Account, (await plane.Accounts.EnsureDefaultAsync(Cancel)).Id);
        Refused(await plane.Accounts.SuspendAsync(plane.Account, Cancel), ErrorCode.Forbidden);
        Refused(await plane.Accounts.DeleteAsync(plane.Account, Cancel), ErrorCode.Forbidden);
        Assert.False((await CreateAsync(plane, "team")).Account.IsManagement);
    }

    [Theory, BothDatabases]
    public async Task Names_and_canonical_ids_are_unique_and_plain(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewAccount team = await CreateAsync(plane, "team", "imported-id");
        Assert.Equal("imported-id", team.Account.CanonicalUserId);
        Refused(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "team" }, Cancel), ErrorCode.NameInUse);
        Refused(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "b", CanonicalUserId = "imported-id" }, Cancel), ErrorCode.NameInUse);
        foreach (string wrong in new[] { "", "a b", "a\n", "ä", "a/b", new string('a', 65) })
        {
            Refused(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = wrong }, Cancel), ErrorCode.InvalidParameter);
            Refused(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "b", AdminName = wrong }, Cancel), ErrorCode.InvalidParameter);
            Refused(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "b", CanonicalUserId = wrong }, Cancel), ErrorCode.InvalidParameter);
            Refused(await plane.Users.CreateAsync(plane.Account, by: null, wrong, Role.Viewer, Cancel), ErrorCode.InvalidParameter);
        }

        Ok(await plane.Users.CreateAsync(team.Account.Id, by: null, "ci", Role.Viewer, Cancel));
        Refused(await plane.Users.CreateAsync(team.Account.Id, by: null, "ci", Role.Viewer, Cancel), ErrorCode.NameInUse);
        Ok(await plane.Users.CreateAsync(plane.Account, by: null, "ci", Role.Viewer, Cancel));
    }

    [Theory, BothDatabases]
    public async Task Of_accounts_made_at_once_with_one_name_one_is_made(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        Result<NewAccount>[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Task.Run(() => plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "team" }, Cancel))));
        Assert.Single(results, r => r.IsOk);
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(ErrorCode.NameInUse, r.Error!.Code));
    }

    [Theory, BothDatabases]
    public async Task An_account_goes_only_when_nothing_is_left_in_it_and_everything_of_it_goes(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        NewAccount team = await CreateAsync(plane, "team");
        AccountId id = team.Account.Id;
        Ok(await plane.AccessKeys.CreateAsync(id, by: null, new CreateAccessKey { User = team.Admin.Id }, Cancel));
        var request = new CreateInstances { Image = "cloudlab-linux", InstanceType = "standard.small", Count = 1, ClientToken = "once" };
        InstanceId instance = Ok(await plane.Instances.CreateAsync(id, request, Cancel))[0].Id;

        Assert.Contains("1 instances", Refused(await plane.Accounts.DeleteAsync(id, Cancel), ErrorCode.AccountNotEmpty).Message, StringComparison.Ordinal);
        Ok(await plane.Instances.TerminateAsync(id, instance, Cancel));
        await plane.ChangeAsync(instance, i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        Ok(await plane.Accounts.DeleteAsync(id, Cancel));
        Refused(await plane.Accounts.GetAsync(id, Cancel), ErrorCode.AccountNotFound);
        Refused(await plane.Tokens.VerifyAsync(team.Token.Secret, Cancel), ErrorCode.InvalidToken);
        Refused(await plane.Instances.CreateAsync(id, request, Cancel), ErrorCode.AccountNotFound);
        Refused(await plane.Accounts.DeleteAsync(id, Cancel), ErrorCode.AccountNotFound);
    }

    [Theory, BothDatabases]
    public async Task Nobody_changes_itself_and_no_account_changes_another_s_users(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewAccount team = await CreateAsync(plane, "team"), other = await CreateAsync(plane, "other");
        Caller caller = Ok(await plane.Tokens.VerifyAsync(team.Token.Secret, Cancel));
        var demote = new UserChange(Role.Viewer, Disabled: true);
        Refused(await plane.Users.ChangeAsync(caller.AccountId, caller, caller.UserId, demote, Cancel), ErrorCode.Forbidden);
        Refused(await plane.Users.DeleteAsync(caller.AccountId, caller, caller.UserId, Cancel), ErrorCode.Forbidden);
        Refused(await plane.Users.ChangeAsync(caller.AccountId, caller, other.Admin.Id, demote, Cancel), ErrorCode.UserNotFound);
        Refused(await plane.Users.DeleteAsync(caller.AccountId, caller, other.Admin.Id, Cancel), ErrorCode.UserNotFound);
        Refused(await plane.Users.GetAsync(caller.AccountId, other.Admin.Id, Cancel), ErrorCode.UserNotFound);
        Assert.Equal([caller.UserId], Ok(await plane.Users.ListAsync(caller.AccountId, new PageRequest(), Cancel)).Items.Select(u => u.Id));
        Assert.Equal(3, Ok(await plane.Accounts.ListAsync(new PageRequest(), Cancel)).Items.Count);
    }

    private static async Task<NewAccount> CreateAsync(TestPlane plane, string name, string? canonicalId = null) =>
        Ok(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = name, CanonicalUserId = canonicalId }, Cancel));
}
