using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using System.Text.Encodings.Web;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.Server.Console;
using CloudLab.Server.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CloudLab.Server.Security;

/// <summary>
/// Tells who calls by <c>Authorization: Bearer TOKEN</c>, or, on routes marked <see cref="AcceptsConsoleTicket"/>,
/// by a one-time <c>?ticket=</c>: a browser cannot set headers on a WebSocket.
/// </summary>
[SuppressMessage("Performance", "CA1812", Justification = "made by the authentication service")]
internal sealed class BearerTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    TokenService tokens,
    ConsoleTickets tickets,
    FailedAttempts failures) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Bearer";

    private const string Prefix = "Bearer ";

    private CloudLabError? _refusal;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        Result<Caller> result;
        if (TryGetToken(out string? token))
            result = await tokens.VerifyAsync(token, Context.RequestAborted);
        else if (TryGetTicket(out string? ticket, out InstanceId instance))
            result = await RedeemAsync(ticket, instance);
        else
            return AuthenticateResult.NoResult();

        if (result.IsOk)
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(result.Value)), SchemeName));
        _refusal = result.Error;
        // Only who holds a right token learns that its account is suspended: nothing is guessed there.
        if (_refusal.Code != ErrorCode.AccountSuspended)
            await failures.SlowDownAsync(Context.Connection.RemoteIpAddress, Context.RequestAborted);
        return AuthenticateResult.Fail(_refusal.Message);
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceAsync();
        ProblemResult problem = _refusal is null ? StatusProblems.For(StatusCodes.Status401Unauthorized, Context) : ProblemResult.From(_refusal);
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            Response.Headers.WWWAuthenticate = _refusal is null
                ? "Bearer realm=\"CloudLab\""
                : "Bearer realm=\"CloudLab\", error=\"invalid_token\"";
        }

        await problem.ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Permission? permission = Context.GetEndpoint()?.Metadata.GetMetadata<Permission>();
        ProblemResult problem = permission is null
            ? StatusProblems.For(StatusCodes.Status403Forbidden, Context)
            : new(StatusCodes.Status403Forbidden, "forbidden", $"this needs the permission {permission.Name}, which {permission.Who} have");
        return problem.ExecuteAsync(Context);
    }

    private async Task<Result<Caller>> RedeemAsync(string ticket, InstanceId instance)
    {
        // The token that the ticket was made with may have ended since.
        if (tickets.Redeem(ticket, instance) is { } caller && await tokens.IsValidAsync(caller.TokenId, Context.RequestAborted)) return caller;
        return new CloudLabError(ErrorCode.InvalidToken, "the ticket is unknown, used or expired");
    }

    /// <summary>The token that a request bears, or null; not verified.</summary>
    public static string? TokenOf(HttpRequest request)
    {
        string? header = request.Headers.Authorization;
        return header is not null && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? header[Prefix.Length..].Trim() : null;
    }

    private bool TryGetToken([NotNullWhen(true)] out string? token)
    {
        token = TokenOf(Request);
        return token is not null;
    }

    private bool TryGetTicket([NotNullWhen(true)] out string? ticket, out InstanceId instance)
    {
        instance = default;
        ticket = Context.GetEndpoint()?.Metadata.GetMetadata<AcceptsConsoleTicket>() is null ? null : (string?)Request.Query["ticket"];
        return ticket is not null && InstanceId.TryParse(Request.RouteValues["id"] as string, out instance);
    }
}
