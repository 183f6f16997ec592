using System.CommandLine;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Api.Tokens;
using CloudLab.Server.Events;
using CloudLab.Server.Hosting;
using CloudLab.Server.Security;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>API tokens in the server's database.</summary>
internal static class TokenCommand
{
    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var token = new Command("token", "Makes, lists and revokes API tokens, beside a running server or without one");
        token.Subcommands.Add(CreateToken(environment, console));
        token.Subcommands.Add(List(environment, console));
        token.Subcommands.Add(Revoke(environment, console));
        return token;
    }

    private static Command CreateToken(Func<string, string?> environment, IAnsiConsole console)
    {
        Option<string> account = IdentityTools.AccountOption(), user = IdentityOptions.User();
        Option<Role?> role = IdentityOptions.Role();
        Option<TimeSpan?> expires = IdentityOptions.Expires();
        Option<bool> json = IdentityTools.JsonOption();
        var name = new Option<string>("--name") { Description = "What it is called in lists", HelpName = "NAME", DefaultValueFactory = _ => "command line" };
        var file = new Option<string?>("--token-file") { Description = "The file with a token to import; - for standard input", HelpName = "FILE" };
        var command = new Command("create", "Makes a token and shows it this once, or imports one") { account, user, role, expires, name, file, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            string? secret = parsed.GetValue(file) is { } given ? await SecretInput.ReadAsync(given, ct) : null;
            AccountId id = (await tools.FindAccountAsync(parsed.GetRequiredValue(account), ct)).Id;
            UserDetails holder = await tools.FindUserAsync(id, parsed.GetRequiredValue(user), parsed.GetValue(role), ct);
            var request = new CreateToken
            {
                Name = parsed.GetRequiredValue(name),
                User = holder.Id,
                Role = parsed.GetValue(role),
                ExpiresAt = TimeProvider.System.GetUtcNow() + parsed.GetValue(expires),
                Secret = secret,
            };
            NewToken created = await tools.ChangeAsync(
                id, EventAction.Of(Permission.TokensWrite, "CreateToken"), resourceId: null,
                () => tools.Tokens.CreateAsync(id, by: null, request, ct));
            tools.Write(CreateTokenResponse.Of(created),
            [
                $"token       {created.Id}  {EnumText.Of(created.Token.Role)}",
                .. secret is null ? [$"shown once  {created.Secret}"] : Array.Empty<string>(),
            ]);
        }, ct));
        return command;
    }

    private static Command List(Func<string, string?> environment, IAnsiConsole console)
    {
        Option<string> account = IdentityTools.AccountOption();
        Option<bool> json = IdentityTools.JsonOption();
        var command = new Command("list", "Lists an account's tokens, newest first; those that ended for seven days") { account, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            AccountId id = (await tools.FindAccountAsync(parsed.GetRequiredValue(account), ct)).Id;
            List<TokenDetails> tokens = await IdentityTools.AllAsync(page => tools.Tokens.ListAsync(id, by: null, user: null, page, ct));
            tools.Write(new TokenList { Tokens = [.. tokens.Select(TokenView.Of)], NextToken = null },
                tokens.Select(t => $"{t.Id}  {EnumText.Of(t.Role),-8}  {(t.RevokedAt is null ? "       " : "revoked")}  {t.Name}"));
        }, ct));
        return command;
    }

    private static Command Revoke(Func<string, string?> environment, IAnsiConsole console)
    {
        var token = new Argument<string>("ID") { Description = "The token's id, tok-…" };
        Option<string> account = IdentityTools.AccountOption();
        Option<bool> json = IdentityTools.JsonOption();
        var command = new Command("revoke", "Ends a token at once") { token, account, json };
        var settings = new SettingOptions(command, IdentityTools.Settings);
        command.SetAction((parsed, ct) => IdentityTools.RunAsync(settings.Load(parsed, environment), console, parsed.GetValue(json), async (tools, _) =>
        {
            if (!TokenId.TryParse(parsed.GetRequiredValue(token), out TokenId id))
                throw new StartupException("A token's id is tok- and 17 hexadecimal digits: 'token list' shows them.");
            AccountId owner = (await tools.FindAccountAsync(parsed.GetRequiredValue(account), ct)).Id;
            TokenDetails revoked = await tools.ChangeAsync(
                owner, EventAction.Of(Permission.TokensWrite, "RevokeToken"), id.Value,
                () => tools.Tokens.RevokeAsync(owner, by: null, id, ct));
            tools.Write(TokenView.Of(revoked), [$"{revoked.Id} is revoked."]);
        }, ct));
        return command;
    }
}
