using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Identity;

public sealed class TokenServiceTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task A_token_says_who_its_holder_is(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails user = await plane.UserAsync("ci", Role.Operator);
        NewToken token = await plane.TokenAsync(user);
        Caller caller = Ok(await plane.Tokens.VerifyAsync(token.Secret, Cancel));
        Assert.Equal(
            new Caller
            {
                AccountId = plane.Account,
                AccountName = "default",
                IsManagement = true,
                UserId = user.Id,
                UserName = "ci",
                TokenId = token.Id,
                Role = Role.Operator,
                ExpiresAt = null,
            },
            caller);
        foreach (string? wrong in new[] { null, "", token.Secret + "x", token.Secret[..^1], token.Secret.ToUpperInvariant(), new string('x', 10_000), "\ud800" + new string('x', 40) })
            Refused(await plane.Tokens.VerifyAsync(wrong, Cancel), ErrorCode.InvalidToken);
    }

    [Theory, BothDatabases]
    public async Task The_secret_itself_is_not_stored(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewToken token = await plane.TokenAsync(await plane.UserAsync("ci", Role.Viewer));
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        ApiToken row = await db.ApiTokens.SingleAsync(Cancel);
        Assert.Equal(32, row.Hash.Length);
        Assert.DoesNotContain(token.Secret, row.Name, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Secret, token.ToString(), StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task A_token_ends_when_it_expires_or_is_revoked(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails user = await plane.UserAsync("ci", Role.Viewer);
        NewToken brief = await plane.TokenAsync(user, expiresAt: plane.Clock.GetUtcNow() + TimeSpan.FromMinutes(1));
        NewToken other = await plane.TokenAsync(user);
        plane.Clock.Advance(TimeSpan.FromSeconds(59));
        Ok(await plane.Tokens.VerifyAsync(brief.Secret, Cancel));
        plane.Clock.Advance(TimeSpan.FromSeconds(1));
        Refused(await plane.Tokens.VerifyAsync(brief.Secret, Cancel), ErrorCode.InvalidToken);

        Refused(await plane.Tokens.RevokeAsync(AccountId.New(), by: null, other.Id, Cancel), ErrorCode.TokenNotFound);
        Ok(await plane.Tokens.VerifyAsync(other.Secret, Cancel));
        Assert.True(await plane.Tokens.IsValidAsync(other.Id, Cancel));
        Ok(await plane.Tokens.RevokeAsync(plane.Account, by: null, other.Id, Cancel));
        Refused(await plane.Tokens.VerifyAsync(other.Secret, Cancel), ErrorCode.InvalidToken);
        Assert.False(await plane.Tokens.IsValidAsync(other.Id, Cancel));
        Assert.False(await plane.Tokens.IsValidAsync(brief.Id, Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_token_ends_with_its_user_and_its_account(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewAccount account = Ok(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "team" }, Cancel));
        string secret = account.Token.Secret;
        Assert.Equal(Role.Admin, Ok(await plane.Tokens.VerifyAsync(secret, Cancel)).Role);

        await plane.Users.ChangeAsync(account.Account.Id, by: null, account.Admin.Id, new UserChange(Role.Viewer, Disabled: null), Cancel);
        Assert.Equal(Role.Viewer, Ok(await plane.Tokens.VerifyAsync(secret, Cancel)).Role);
        await plane.Users.ChangeAsync(account.Account.Id, by: null, account.Admin.Id, new UserChange(Role: null, Disabled: true), Cancel);
        Refused(await plane.Tokens.VerifyAsync(secret, Cancel), ErrorCode.InvalidToken);
        await plane.Users.ChangeAsync(account.Account.Id, by: null, account.Admin.Id, new UserChange(Role: null, Disabled: false), Cancel);

        await plane.Accounts.SuspendAsync(account.Account.Id, Cancel);
        Refused(await plane.Tokens.VerifyAsync(secret, Cancel), ErrorCode.AccountSuspended);
        Assert.False(await plane.Tokens.IsValidAsync(account.Token.Id, Cancel));
        await plane.Accounts.ResumeAsync(account.Account.Id, Cancel);
        Ok(await plane.Tokens.VerifyAsync(secret, Cancel));

        await plane.Users.DeleteAsync(account.Account.Id, by: null, account.Admin.Id, Cancel);
        Refused(await plane.Tokens.VerifyAsync(secret, Cancel), ErrorCode.InvalidToken);
    }

    [Theory, BothDatabases]
    public async Task A_token_makes_none_that_can_do_more_or_lasts_longer(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails admin = await plane.UserAsync("boss", Role.Admin), other = await plane.UserAsync("ci", Role.Operator);
        DateTimeOffset end = plane.Clock.GetUtcNow() + TimeSpan.FromHours(1);
        NewToken viewer = await plane.TokenAsync(admin, Role.Viewer, end);
        Caller caller = Ok(await plane.Tokens.VerifyAsync(viewer.Secret, Cancel));

        NewToken same = Ok(await plane.Tokens.CreateAsync(plane.Account, caller, new CreateToken { Name = "same" }, Cancel));
        Assert.Equal((Role.Viewer, (DateTimeOffset?)end), (same.Token.Role, same.Token.ExpiresAt));
        foreach (CreateToken more in new CreateToken[]
        {
            new() { Name = "more", Role = Role.Operator },
            new() { Name = "more", ExpiresAt = end + TimeSpan.FromSeconds(1) },
        })
            Refused(await plane.Tokens.CreateAsync(plane.Account, caller, more, Cancel), ErrorCode.Forbidden);
        Refused(await plane.Tokens.CreateAsync(plane.Account, caller, new CreateToken { Name = "other's", User = other.Id }, Cancel), ErrorCode.UserNotFound);
        Refused(await plane.Users.CreateAsync(plane.Account, caller, "helper", Role.Operator, Cancel), ErrorCode.Forbidden);

        NewAccessKey key = Ok(await plane.AccessKeys.CreateAsync(plane.Account, caller, new CreateAccessKey(), Cancel));
        Assert.Equal((Role.Viewer, (DateTimeOffset?)end), (key.Key.Role, key.Key.ExpiresAt));
        Refused(await plane.AccessKeys.CreateAsync(plane.Account, caller, new CreateAccessKey { Role = Role.Admin }, Cancel), ErrorCode.Forbidden);

        // Not even an administrator's token makes one that can do more than its user.
        Caller boss = Ok(await plane.Tokens.VerifyAsync((await plane.TokenAsync(admin)).Secret, Cancel));
        Refused(await plane.Tokens.CreateAsync(plane.Account, boss, new CreateToken { Name = "more", User = other.Id, Role = Role.Admin }, Cancel), ErrorCode.InvalidParameter);
        Assert.Equal(Role.Operator, Ok(await plane.Tokens.CreateAsync(plane.Account, boss, new CreateToken { Name = "his", User = other.Id }, Cancel)).Token.Role);
        Refused(await plane.Tokens.CreateAsync(plane.Account, boss, new CreateToken { Name = "late", ExpiresAt = plane.Clock.GetUtcNow() }, Cancel), ErrorCode.InvalidParameter);
    }

    [Theory, BothDatabases]
    public async Task A_token_ends_none_that_can_do_more(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails admin = await plane.UserAsync("boss", Role.Admin);
        NewToken full = await plane.TokenAsync(admin);
        Caller viewer = Ok(await plane.Tokens.VerifyAsync((await plane.TokenAsync(admin, Role.Viewer)).Secret, Cancel));

        Refused(await plane.Tokens.RevokeAsync(plane.Account, viewer, full.Id, Cancel), ErrorCode.Forbidden);
        Ok(await plane.Tokens.RevokeAsync(plane.Account, viewer, viewer.TokenId, Cancel));
    }

    [Theory, BothDatabases]
    public async Task Lists_are_newest_first_in_pages_and_show_others_tokens_to_administrators_only(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails admin = await plane.UserAsync("boss", Role.Admin), other = await plane.UserAsync("ci", Role.Operator);
        var made = new List<TokenId>();
        for (int i = 0; i < 5; i++)
        {
            // Two at the same time, so that the order needs the id.
            if (i % 2 == 0) plane.Clock.Advance(TimeSpan.FromSeconds(1));
            made.Add((await plane.TokenAsync(i == 0 ? admin : other)).Id);
        }

        Caller boss = (await CallerAsync(admin)) with { Role = Role.Admin }, ci = await CallerAsync(other);
        var seen = new List<TokenDetails>();
        string? next = null;
        do
        {
            Page<TokenDetails> page = Ok(await plane.Tokens.ListAsync(plane.Account, boss, user: null, new PageRequest { Size = 2, NextToken = next }, Cancel));
            seen.AddRange(page.Items);
            next = page.NextToken;
        }
        while (next is not null);
        Assert.Equal(7, seen.Count);
        Assert.Equal(seen.OrderByDescending(t => t.CreatedAt).ThenByDescending(t => t.Id.Value, StringComparer.Ordinal), seen);
        Assert.All(made, id => Assert.Contains(seen, t => t.Id == id));

        Page<TokenDetails> own = Ok(await plane.Tokens.ListAsync(plane.Account, ci, user: null, new PageRequest(), Cancel));
        Assert.Equal(5, own.Items.Count);
        Assert.All(own.Items, t => Assert.Equal(other.Id, t.UserId));
        Assert.Empty(Ok(await plane.Tokens.ListAsync(plane.Account, ci, admin.Id, new PageRequest(), Cancel)).Items);
        foreach (PageRequest wrong in new PageRequest[] { new() { Size = 0 }, new() { Size = 1001 }, new() { NextToken = "!" }, new() { NextToken = "AAAA" } })
            Refused(await plane.Tokens.ListAsync(plane.Account, ci, user: null, wrong, Cancel), ErrorCode.InvalidParameter);

        async Task<Caller> CallerAsync(UserDetails user) => Ok(await plane.Tokens.VerifyAsync((await plane.TokenAsync(user)).Secret, Cancel));
    }

    [Theory, BothDatabases]
    public async Task The_time_of_last_use_is_written_once_a_minute_and_ended_tokens_go_after_a_week(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        var keeper = new IdentityKeeper(
            plane.Get<LastUse>(), plane.Contexts, plane.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<IdentityKeeper>.Instance);
        NewToken token = await plane.TokenAsync(await plane.UserAsync("ci", Role.Viewer));
        for (int i = 0; i < 3; i++) Ok(await plane.Tokens.VerifyAsync(token.Secret, Cancel));
        Assert.Equal(1, await keeper.RunOnceAsync(Cancel));
        Assert.Equal(0, await keeper.RunOnceAsync(Cancel));
        Assert.Equal(plane.Clock.GetUtcNow(), (await SeeAsync())!.LastUsedAt);

        Ok(await plane.Tokens.RevokeAsync(plane.Account, by: null, token.Id, Cancel));
        plane.Clock.Advance(IdentityKeeper.Retention);
        await keeper.RunOnceAsync(Cancel);
        Assert.NotNull((await SeeAsync())!.RevokedAt);
        plane.Clock.Advance(TimeSpan.FromSeconds(1));
        await keeper.RunOnceAsync(Cancel);
        Assert.Null(await SeeAsync());

        async Task<TokenDetails?> SeeAsync() =>
            Ok(await plane.Tokens.ListAsync(plane.Account, by: null, user: null, new PageRequest(), Cancel)).Items.SingleOrDefault();
    }

    [Theory, BothDatabases]
    public async Task There_is_one_administrators_token_and_it_can_be_exchanged(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        string first = TokenService.GenerateSecret(), second = new('s', TokenService.MinSecretLength);
        foreach (string secret in new[] { first, first, second, first })
        {
            await plane.Tokens.EnsureAdminAsync(plane.Account, secret, Cancel);
            Caller admin = Ok(await plane.Tokens.VerifyAsync(secret, Cancel));
            Assert.Equal((Role.Admin, "admin"), (admin.Role, admin.UserName));
        }

        Refused(await plane.Tokens.VerifyAsync(second, Cancel), ErrorCode.InvalidToken);
        foreach (string weak in new[] { "short", new string('x', 257), new string(' ', 40) })
            await Assert.ThrowsAsync<ArgumentException>(() => plane.Tokens.EnsureAdminAsync(plane.Account, weak, Cancel));
    }
}
