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

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        Caller? caller;
        if (TryGetToken(out string? token))
        {
            Result<Caller> result = await tokens.VerifyAsync(token, Context.RequestAborted);
            caller = result.Value;
        }
        else if (TryGetTicket(out string? ticket, out InstanceId instance))
        {
            caller = tickets.Redeem(ticket, instance);
        }
        else
        {
            return AuthenticateResult.NoResult();
        }

        if (caller is not null)
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(caller)), SchemeName));
        await failures.SlowDownAsync(Context.Connection.RemoteIpAddress, Context.RequestAborted);
        return AuthenticateResult.Fail("the token is unknown, expired or revoked");
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        AuthenticateResult result = await HandleAuthenticateOnceAsync();
        Response.Headers.WWWAuthenticate = result.Failure is null
            ? "Bearer realm=\"CloudLab\""
            : "Bearer realm=\"CloudLab\", error=\"invalid_token\"";
        ProblemResult problem = result.Failure is null
            ? StatusProblems.For(StatusCodes.Status401Unauthorized, Context)
            : ProblemResult.From(new CloudLabError(ErrorCode.InvalidToken, result.Failure.Message));
        await problem.ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Permission? permission = Context.GetEndpoint()?.Metadata.GetMetadata<Permission>();
        ProblemResult problem = permission is null
            ? StatusProblems.For(StatusCodes.Status403Forbidden, Context)
            : new(StatusCodes.Status403Forbidden, "forbidden", $"this needs the permission {permission.Name}, which the token's role does not have");
        return problem.ExecuteAsync(Context);
    }

    private bool TryGetToken([NotNullWhen(true)] out string? token)
    {
        string? header = Request.Headers.Authorization;
        token = header is not null && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? header[Prefix.Length..].Trim() : null;
        return token is not null;
    }

    private bool TryGetTicket([NotNullWhen(true)] out string? ticket, out InstanceId instance)
    {
        instance = default;
        ticket = Context.GetEndpoint()?.Metadata.GetMetadata<AcceptsConsoleTicket>() is null ? null : (string?)Request.Query["ticket"];
        return ticket is not null && InstanceId.TryParse(Request.RouteValues["id"] as string, out instance);
    }
}
