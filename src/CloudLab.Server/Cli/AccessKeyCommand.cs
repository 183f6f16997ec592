using System.CommandLine;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Api.AccessKeys;
using CloudLab.Server.Events;
using CloudLab.Server.Hosting;
using CloudLab.Server.Security;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>Access keys in the server's database.</summary>
internal static class AccessKeyCommand
{
    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var key = new Command("access-key", "Makes, imports, lists and revokes access keys for S3, beside a running server or without one");
        key.Subcommands.Add(CreateKey(environment, console));
        key.Subcommands.Add(List(environment, console));
        key.Subcommands.Add(Revoke(environment, console));
        return key;
    }

    private static Command CreateKey(Func<string, string?> environment, IAnsiConsole console)
    {
        Option<string> account = IdentityTools.AccountOption(), user = IdentityOptions.User();
        Option<Role?> role = IdentityOptions.Role();
        Option<bool> json = IdentityTools.JsonOption();
        var keyId = new Option<string?>("--access-key-id") { Description = "The id of a key to import, e.g. from another S3 server", HelpName = "ID" };
        var secretFile = new Option<string?>("--secret-access-key-file") { Description = "The file with the secret of a key to import; - for standard input", HelpName = "FILE" };
        var command = new Command("create", "Makes an access key and shows its secret this once, or imports one") { account, user, role, keyId, secretFile, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            string? secret = parsed.GetValue(secretFile) is { } file ? await SecretInput.ReadAsync(file, ct) : null;
            AccountId id = (await tools.FindAccountAsync(parsed.GetRequiredValue(account), ct)).Id;
            if (!await tools.AccessKeys.HasRightMasterKeyAsync(ct))
                throw new StartupException("The database's access keys are encrypted under another master key. Name the server's with --master-key-file FILE.");
            UserDetails holder = await tools.FindUserAsync(id, parsed.GetRequiredValue(user), parsed.GetValue(role), ct);
            var request = new CreateAccessKey { User = holder.Id, Role = parsed.GetValue(role), Id = parsed.GetValue(keyId), Secret = secret };
            NewAccessKey created = await tools.ChangeAsync(
                id, EventAction.Of(Permission.AccessKeysWrite, "CreateAccessKey"), resourceId: null,
                () => tools.AccessKeys.CreateAsync(id, by: null, request, ct));
            tools.Write(CreateAccessKeyResponse.Of(created),
            [
                $"access key  {created.Key.Id}",
                .. secret is null ? [$"shown once  {created.Secret}"] : Array.Empty<string>(),
                $"owner id    {created.CanonicalUserId}",
            ]);
        }, ct));
        return command;
    }

    private static Command List(Func<string, string?> environment, IAnsiConsole console)
    {
        Option<string> account = IdentityTools.AccountOption();
        Option<bool> json = IdentityTools.JsonOption();
        var command = new Command("list", "Lists an account's access keys, newest first; those that ended for seven days") { account, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            AccountId id = (await tools.FindAccountAsync(parsed.GetRequiredValue(account), ct)).Id;
            List<AccessKeyDetails> keys = await IdentityTools.AllAsync(page => tools.AccessKeys.ListAsync(id, by: null, user: null, page, ct));
            tools.Write(new AccessKeyList { AccessKeys = [.. keys.Select(AccessKeyView.Of)], NextToken = null },
                keys.Select(k => $"{k.Id}  {EnumText.Of(k.Role),-8}  {k.UserId}{(k.RevokedAt is null ? "" : "  revoked")}"));
        }, ct));
        return command;
    }

    private static Command Revoke(Func<string, string?> environment, IAnsiConsole console)
    {
        var key = new Argument<string>("ID") { Description = "The access key's id" };
        Option<string> account = IdentityTools.AccountOption();
        Option<bool> json = IdentityTools.JsonOption();
        var command = new Command("revoke", "Ends an access key at once") { key, account, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            AccountId owner = (await tools.FindAccountAsync(parsed.GetRequiredValue(account), ct)).Id;
            string id = parsed.GetRequiredValue(key);
            AccessKeyDetails revoked = await tools.ChangeAsync(
                owner, EventAction.Of(Permission.AccessKeysWrite, "RevokeAccessKey"), AccessKeyId.TryParse(id, out AccessKeyId _) ? id : null,
                () => tools.AccessKeys.RevokeAsync(owner, by: null, id, ct));
            tools.Write(AccessKeyView.Of(revoked), [$"{revoked.Id} is revoked."]);
        }, ct));
        return command;
    }
}
