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
        NewToken token = await plane.Tokens.CreateAsync(plane.Account, "ci", Role.Operator, lifetime: null, Cancel);
        Caller caller = Ok(await plane.Tokens.VerifyAsync(token.Secret, Cancel));
        Assert.Equal(new Caller(plane.Account, token.Id, Role.Operator), caller);
        foreach (string? wrong in new[] { null, "", token.Secret + "x", token.Secret[..^1], token.Secret.ToUpperInvariant(), new string('x', 10_000), "\ud800" + new string('x', 40) })
            Refused(await plane.Tokens.VerifyAsync(wrong, Cancel), ErrorCode.InvalidToken);
    }

    [Theory, BothDatabases]
    public async Task The_secret_itself_is_not_stored(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewToken token = await plane.Tokens.CreateAsync(plane.Account, "ci", Role.Reader, lifetime: null, Cancel);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        ApiToken row = await db.ApiTokens.SingleAsync(Cancel);
        Assert.Equal(32, row.Hash.Length);
        Assert.DoesNotContain(token.Secret, row.Name, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task A_token_ends_when_it_expires_or_is_revoked(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewToken brief = await plane.Tokens.CreateAsync(plane.Account, "brief", Role.Reader, TimeSpan.FromMinutes(1), Cancel);
        NewToken other = await plane.Tokens.CreateAsync(plane.Account, "other", Role.Reader, lifetime: null, Cancel);
        plane.Clock.Advance(TimeSpan.FromSeconds(59));
        Ok(await plane.Tokens.VerifyAsync(brief.Secret, Cancel));
        plane.Clock.Advance(TimeSpan.FromSeconds(1));
        Refused(await plane.Tokens.VerifyAsync(brief.Secret, Cancel), ErrorCode.InvalidToken);

        await plane.Tokens.RevokeAsync(AccountId.New(), other.Id, Cancel);
        Ok(await plane.Tokens.VerifyAsync(other.Secret, Cancel));
        await plane.Tokens.RevokeAsync(plane.Account, other.Id, Cancel);
        Refused(await plane.Tokens.VerifyAsync(other.Secret, Cancel), ErrorCode.InvalidToken);
    }

    [Theory, BothDatabases]
    public async Task There_is_one_administrators_token_and_it_can_be_exchanged(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        string first = TokenService.GenerateSecret(), second = new('s', TokenService.MinSecretLength);
        foreach (string secret in new[] { first, first, second, first })
        {
            await plane.Tokens.EnsureAdminAsync(plane.Account, secret, Cancel);
            Assert.Equal(Role.Admin, Ok(await plane.Tokens.VerifyAsync(secret, Cancel)).Role);
        }

        Refused(await plane.Tokens.VerifyAsync(second, Cancel), ErrorCode.InvalidToken);
        foreach (string weak in new[] { "short", new string('x', 257), new string(' ', 40) })
            await Assert.ThrowsAsync<ArgumentException>(() => plane.Tokens.EnsureAdminAsync(plane.Account, weak, Cancel));
    }
}
