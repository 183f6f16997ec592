using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Identity;

public sealed class AccessKeyServiceTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task A_key_says_whose_it_is_and_gives_its_secret_back(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails user = await plane.UserAsync("ci", Role.Operator);
        NewAccessKey key = await KeyAsync(plane, user);
        Assert.Matches("^AKIA[A-Z2-7]{16}$", key.Key.Id.Value);
        Assert.Matches("^[A-Za-z0-9+/]{40}$", key.Secret);
        Assert.Matches("^[0-9a-f]{64}$", key.CanonicalUserId);

        AccessKeyHolder holder = Ok(await plane.AccessKeys.FindAsync(key.Key.Id.Value, Cancel));
        Assert.Equal(
            (plane.Account, "default", true, user.Id, "ci", Role.Operator, key.Secret, key.CanonicalUserId),
            (holder.AccountId, holder.AccountName, holder.IsManagement, holder.UserId, holder.UserName, holder.Role, holder.Secret, holder.CanonicalUserId));
        Assert.Equal(plane.Account, Ok(await plane.Accounts.GetByCanonicalUserIdAsync(key.CanonicalUserId, Cancel)).Id);
        foreach (string? wrong in new[] { null, "", "AKIA", AccessKeyId.New().Value, key.Key.Id.Value.ToLowerInvariant(), new string('A', 10_000), "a\0b" })
            Refused(await plane.AccessKeys.FindAsync(wrong, Cancel), ErrorCode.InvalidAccessKey);
    }

    [Theory, BothDatabases]
    public async Task A_secret_rests_encrypted_and_opens_for_its_own_row_only(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails user = await plane.UserAsync("ci", Role.Operator);
        NewAccessKey one = await KeyAsync(plane, user), two = await KeyAsync(plane, user);
        Assert.DoesNotContain(one.Secret, $"{one} {Ok(await plane.AccessKeys.FindAsync(one.Key.Id.Value, Cancel))}", StringComparison.Ordinal);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        AccessKey row = await db.AccessKeys.SingleAsync(k => k.Id == one.Key.Id, Cancel);
        Assert.Equal(-1, row.Secret.AsSpan().IndexOf(Encoding.ASCII.GetBytes(one.Secret)));

        byte[] secret = row.Secret;
        await plane.Contexts.WriteAsync(
            (writing, ct) => writing.AccessKeys.Where(k => k.Id == two.Key.Id).ExecuteUpdateAsync(set => set.SetProperty(k => k.Secret, secret), ct), Cancel);
        await Assert.ThrowsAnyAsync<CryptographicException>(() => plane.AccessKeys.FindAsync(two.Key.Id.Value, Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_key_ends_when_it_is_revoked_and_with_its_user_and_account(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        NewAccount account = Ok(await plane.Accounts.CreateAsync(by: null, new CreateAccount { Name = "team" }, Cancel));
        AccountId id = account.Account.Id;
        NewAccessKey key = await KeyAsync(plane, account.Admin);
        await plane.Users.ChangeAsync(id, by: null, account.Admin.Id, new UserChange(Role.Viewer, Disabled: true), Cancel);
        Refused(await plane.AccessKeys.FindAsync(key.Key.Id.Value, Cancel), ErrorCode.InvalidAccessKey);
        await plane.Users.ChangeAsync(id, by: null, account.Admin.Id, new UserChange(Role: null, Disabled: false), Cancel);
        Assert.Equal(Role.Viewer, Ok(await plane.AccessKeys.FindAsync(key.Key.Id.Value, Cancel)).Role);
        await plane.Accounts.SuspendAsync(id, Cancel);
        Refused(await plane.AccessKeys.FindAsync(key.Key.Id.Value, Cancel), ErrorCode.AccountSuspended);
        await plane.Accounts.ResumeAsync(id, Cancel);

        Refused(await plane.AccessKeys.RevokeAsync(plane.Account, by: null, key.Key.Id.Value, Cancel), ErrorCode.AccessKeyNotFound);
        Assert.NotNull(Ok(await plane.AccessKeys.RevokeAsync(id, by: null, key.Key.Id.Value, Cancel)).RevokedAt);
        Refused(await plane.AccessKeys.FindAsync(key.Key.Id.Value, Cancel), ErrorCode.InvalidAccessKey);
        Assert.Single(Ok(await plane.AccessKeys.ListAsync(id, by: null, user: null, new PageRequest(), Cancel)).Items);
        Assert.Empty(Ok(await plane.AccessKeys.ListAsync(plane.Account, by: null, user: null, new PageRequest(), Cancel)).Items);
    }

    [Theory, BothDatabases]
    public async Task A_key_of_another_server_is_imported_once(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        UserDetails user = await plane.UserAsync("minio", Role.Operator), other = await plane.UserAsync("other", Role.Operator);
        var given = new CreateAccessKey { User = user.Id, Id = "minioadmin", Secret = "minioadmin" };
        Ok(await plane.AccessKeys.CreateAsync(plane.Account, by: null, given, Cancel));
        Ok(await plane.AccessKeys.CreateAsync(plane.Account, by: null, given, Cancel));
        Assert.Equal("minioadmin", Ok(await plane.AccessKeys.FindAsync("minioadmin", Cancel)).Secret);
        Assert.Single(Ok(await plane.AccessKeys.ListAsync(plane.Account, by: null, user.Id, new PageRequest(), Cancel)).Items);

        Refused(await plane.AccessKeys.CreateAsync(plane.Account, by: null, given with { User = other.Id }, Cancel), ErrorCode.NameInUse);
        Refused(await plane.AccessKeys.CreateAsync(plane.Account, by: null, given with { Secret = "another-secret" }, Cancel), ErrorCode.NameInUse);
        foreach (CreateAccessKey wrong in new[]
        {
            given with { Secret = null }, given with { Id = null }, given with { Id = "ab" }, given with { Id = "a/b/c" }, given with { Id = "a:b:c" },
            given with { Id = new string('a', 129) }, given with { Id = "new", Secret = "1234567" }, given with { Id = "new", Secret = new string('s', 129) },
            given with { Id = "new", Secret = "with a space" }, given with { Id = "new", Secret = "ümläut-secret" },
        })
            Refused(await plane.AccessKeys.CreateAsync(plane.Account, by: null, wrong, Cancel), ErrorCode.InvalidParameter);
    }

    [Fact]
    public async Task Another_master_key_is_noticed()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        Assert.True(await plane.AccessKeys.HasRightMasterKeyAsync(Cancel));
        NewAccessKey key = await KeyAsync(plane, await plane.UserAsync("ci", Role.Operator));
        Assert.True(await plane.AccessKeys.HasRightMasterKeyAsync(Cancel));

        await using TestPlane elsewhere = await plane.OpenAnotherAsync(QuickOptions);
        Assert.False(await elsewhere.AccessKeys.HasRightMasterKeyAsync(Cancel));
        await Assert.ThrowsAsync<CryptographicException>(() => elsewhere.AccessKeys.FindAsync(key.Key.Id.Value, Cancel));
    }

    private static async Task<NewAccessKey> KeyAsync(TestPlane plane, UserDetails user) =>
        Ok(await plane.AccessKeys.CreateAsync(user.AccountId, by: null, new CreateAccessKey { User = user.Id }, Cancel));
}
