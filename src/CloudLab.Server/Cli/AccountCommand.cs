using System.CommandLine;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Api.Accounts;
using CloudLab.Server.Events;
using CloudLab.Server.Security;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>Accounts in the server's database.</summary>
internal static class AccountCommand
{
    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var account = new Command("account", "Makes and lists accounts, beside a running server or without one");
        account.Subcommands.Add(CreateAccount(environment, console));
        account.Subcommands.Add(List(environment, console));
        return account;
    }

    private static Command CreateAccount(Func<string, string?> environment, IAnsiConsole console)
    {
        var name = new Argument<string>("NAME") { Description = "The account's name, unique" };
        var admin = new Option<string>("--user") { Description = "Its administrator's name", HelpName = "NAME", DefaultValueFactory = _ => UserService.AdminName };
        var canonicalId = new Option<string?>("--canonical-user-id") { Description = "Its id in S3's owners and grants, where it comes from another server", HelpName = "ID" };
        var file = new Option<string?>("--token-file") { Description = "The file with the administrator's token, to import one; - for standard input", HelpName = "FILE" };
        Option<bool> json = IdentityTools.JsonOption();
        var command = new Command("create", "Makes an account with an administrator, whose token it shows this once unless it was given") { name, admin, canonicalId, file, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            string? secret = parsed.GetValue(file) is { } given ? await SecretInput.ReadAsync(given, ct) : null;
            var request = new CreateAccount
            {
                Name = parsed.GetRequiredValue(name),
                AdminName = parsed.GetRequiredValue(admin),
                CanonicalUserId = parsed.GetValue(canonicalId),
                AdminToken = secret,
            };
            // As with the API, it is an event of the account that manages the others.
            AccountId management = (await tools.Accounts.EnsureDefaultAsync(ct)).Id;
            NewAccount created = await tools.ChangeAsync(
                management, EventAction.Of(Permission.AccountsWrite, "CreateAccount"), resourceId: null,
                () => tools.Accounts.CreateAsync(by: null, request, ct));
            tools.Write(CreateAccountResponse.Of(created),
            [
                $"account     {created.Account.Id}  {created.Account.Name}",
                $"user        {created.Admin.Id}  {created.Admin.Name}",
                .. secret is null ? [$"shown once  {created.Token.Secret}"] : Array.Empty<string>(),
            ]);
        }, ct));
        return command;
    }

    private static Command List(Func<string, string?> environment, IAnsiConsole console)
    {
        Option<bool> json = IdentityTools.JsonOption();
        var command = new Command("list", "Lists accounts, newest first") { json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            List<AccountDetails> accounts = await IdentityTools.AllAsync(page => tools.Accounts.ListAsync(page, ct));
            AccountView[] views = [.. accounts.Select(AccountView.Of)];
            tools.Write(new AccountList { Accounts = views, NextToken = null },
                views.Select(a => $"{a.AccountId}  {EnumText.Of(a.State),-9}  {a.Name}{(a.Management ? "  (management)" : "")}"));
        }, ct));
        return command;
    }
}
