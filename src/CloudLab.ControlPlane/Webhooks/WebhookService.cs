using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>An account's webhooks. Any thread.</summary>
public sealed class WebhookService(
    IDbContextFactory<CloudLabDbContext> contexts, EventService events, WebhookSecrets secrets, ControlPlaneOptions options, TimeProvider time)
{
    /// <summary>Each reads the account's events once more.</summary>
    public const int MaxPerAccount = 20;

    /// <summary>The account's webhooks, by age.</summary>
    public async Task<IReadOnlyList<WebhookDetails>> ListAsync(AccountId account, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        List<Webhook> rows = await db.Webhooks.AsNoTracking()
            .Where(w => w.AccountId == account)
            .OrderBy(w => w.CreatedAt)
            .ThenBy(w => w.Id)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return [.. rows.Select(WebhookDetails.Of)];
    }

    /// <summary>One webhook.</summary>
    /// <returns>The webhook. Errors: WebhookNotFound.</returns>
    public async Task<Result<WebhookDetails>> GetAsync(AccountId account, string id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Result<Webhook> row = await FindAsync(db, account, id, cancellationToken).ConfigureAwait(false);
        return row.IsOk ? WebhookDetails.Of(row.Value) : row.Error;
    }

    /// <summary>Makes a webhook, which is sent what happens from now on.</summary>
    /// <param name="account">The caller's account.</param>
    /// <param name="url">Where to.</param>
    /// <param name="actions">Actions, or the beginnings of some with a star; empty for all.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The webhook and its secret. Errors: InvalidParameter, QuotaExceeded.</returns>
    public async Task<Result<NewWebhook>> CreateAsync(
        AccountId account, string url, IReadOnlyList<string> actions, CancellationToken cancellationToken)
    {
        if (Check(url, actions) is { } invalid) return invalid;
        EventPosition from = await events.FindEndAsync(cancellationToken).ConfigureAwait(false);
        return await contexts.WriteAsync<Result<NewWebhook>>(
            async (db, ct) =>
            {
                if (await db.Webhooks.CountAsync(w => w.AccountId == account, ct).ConfigureAwait(false) >= MaxPerAccount)
                    return new CloudLabError(ErrorCode.QuotaExceeded, $"an account has at most {MaxPerAccount} webhooks");
                var webhook = new Webhook(account, url, actions, from, time.GetUtcMicroseconds());
                string secret = secrets.Renew(webhook);
                db.Webhooks.Add(webhook);
                return new NewWebhook(WebhookDetails.Of(webhook), secret);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes where and what, and enables or disables; what is due is tried at once.</summary>
    /// <returns>The webhook. Errors: InvalidParameter, WebhookNotFound.</returns>
    public async Task<Result<WebhookDetails>> ChangeAsync(
        AccountId account, string id, string url, IReadOnlyList<string> actions, bool isEnabled, CancellationToken cancellationToken)
    {
        if (Check(url, actions) is { } invalid) return invalid;
        return await contexts.WriteAsync<Result<WebhookDetails>>(
            async (db, ct) =>
            {
                Result<Webhook> row = await FindAsync(db, account, id, ct).ConfigureAwait(false);
                if (!row.IsOk) return row.Error;
                row.Value.Change(url, actions, isEnabled, time.GetUtcMicroseconds());
                return WebhookDetails.Of(row.Value);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a webhook.</summary>
    /// <returns>What it was. Errors: WebhookNotFound.</returns>
    public Task<Result<WebhookDetails>> DeleteAsync(AccountId account, string id, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<WebhookDetails>>(
            async (db, ct) =>
            {
                Result<Webhook> row = await FindAsync(db, account, id, ct).ConfigureAwait(false);
                if (!row.IsOk) return row.Error;
                db.Webhooks.Remove(row.Value);
                return WebhookDetails.Of(row.Value);
            },
            cancellationToken);

    private static async Task<Result<Webhook>> FindAsync(
        CloudLabDbContext db, AccountId account, string id, CancellationToken cancellationToken)
    {
        Webhook? row = WebhookId.TryParse(id, out WebhookId webhookId)
            ? await db.Webhooks.SingleOrDefaultAsync(w => w.AccountId == account && w.Id == webhookId, cancellationToken).ConfigureAwait(false)
            : null;
        return row is null ? new CloudLabError(ErrorCode.WebhookNotFound, "there is no such webhook", Detail: id) : row;
    }

    private CloudLabError? Check(string url, IReadOnlyList<string> actions)
    {
        if (actions.Count > Webhook.MaxActions) return Invalid($"a webhook names at most {Webhook.MaxActions} actions");
        foreach (string? action in actions)
        {
            if (action is not { Length: > 0 and <= Webhook.MaxActionLength } || action.AsSpan().ContainsAnyExceptInRange('!', '~') || action.Contains(','))
                return Invalid($"an action has 1 to {Webhook.MaxActionLength} printable ASCII characters, e.g. instances.stop or instances.*");
            if (action[..^1].Contains('*')) return Invalid("an action's '*' stands at its end, as in instances.*");
        }

        if (url.Length > Webhook.MaxUrlLength || !Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            return Invalid($"a webhook's URL is absolute, has at most {Webhook.MaxUrlLength} characters, and neither a user nor a fragment");
        bool isPlain = uri.Scheme == Uri.UriSchemeHttp;
        if (!isPlain && uri.Scheme != Uri.UriSchemeHttps) return Invalid("a webhook's URL begins with https://");
        if (isPlain && !options.AllowsPrivateWebhooks)
            return Invalid("a webhook's URL begins with https://; the operator can allow http:// into private networks with --webhook-allow-private");
        // Names are looked up, and checked, when they are connected to.
        return System.Net.IPAddress.TryParse(uri.IdnHost.Trim('[', ']'), out System.Net.IPAddress? address)
            && !WebhookAddresses.MayReach(address, isPlain, options.AllowsPrivateWebhooks)
            ? Invalid("the URL's address is one that webhooks may not reach")
            : null;
    }

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
