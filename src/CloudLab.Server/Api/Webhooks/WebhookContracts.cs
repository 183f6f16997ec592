using CloudLab.ControlPlane.Webhooks;

namespace CloudLab.Server.Api.Webhooks;

/// <summary>Where the account's events are sent.</summary>
internal sealed record WebhookView
{
    /// <summary>The webhook's id.</summary>
    /// <example>whk-0123456789abcdef0</example>
    public required string WebhookId { get; init; }

    /// <summary>Where events are posted to.</summary>
    /// <example>https://example.com/cloudlab</example>
    public required string Url { get; init; }

    /// <summary>Actions, or the beginnings of some with a star; empty for all.</summary>
    public required IReadOnlyList<string> Actions { get; init; }

    /// <summary>Whether it is delivered to.</summary>
    public required WebhookState State { get; init; }

    /// <summary>How often the next event was tried in vain.</summary>
    /// <example>0</example>
    public required int Failures { get; init; }

    /// <summary>Since when nothing could be delivered; it is disabled after three days.</summary>
    public required DateTimeOffset? FailingSince { get; init; }

    /// <summary>When the next event is tried again, while it fails.</summary>
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When the receiver last took an event.</summary>
    public required DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>What went wrong the last time; null after a success.</summary>
    /// <example>null</example>
    public required string? LastError { get; init; }

    /// <summary>How many events were given up after a day of failures.</summary>
    /// <example>0</example>
    public required long GivenUp { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public static WebhookView Of(WebhookDetails webhook) => new()
    {
        WebhookId = webhook.Id.Value,
        Url = webhook.Url,
        Actions = webhook.Actions,
        State = webhook.State,
        Failures = webhook.Failures,
        FailingSince = webhook.FailingSince,
        NextAttemptAt = webhook.FailingSince is null ? null : webhook.NextAttemptAt,
        LastDeliveredAt = webhook.LastDeliveredAt,
        LastError = webhook.LastError,
        GivenUp = webhook.GivenUp,
        CreatedAt = webhook.CreatedAt,
    };
}

/// <summary>A webhook that was just made.</summary>
internal sealed record NewWebhookView
{
    /// <summary>The webhook.</summary>
    public required WebhookView Webhook { get; init; }

    /// <summary>The key of the signatures: shown this once.</summary>
    /// <example>whsec_3l0r7k…</example>
    public required string Secret { get; init; }
}

/// <summary>The account's webhooks.</summary>
internal sealed record WebhookList
{
    /// <summary>The oldest first.</summary>
    public required IReadOnlyList<WebhookView> Webhooks { get; init; }
}

/// <summary>A request for a webhook.</summary>
internal sealed record CreateWebhookRequest
{
    /// <summary>Where events are posted to: `https://`, at an address of the public internet unless the operator allows others.</summary>
    /// <example>https://example.com/cloudlab</example>
    public required string Url { get; init; }

    /// <summary>Actions, or the beginnings of some with a star, up to 20; empty for all.</summary>
    public IReadOnlyList<string> Actions { get; init; } = [];
}

/// <summary>What a webhook is to be from now on.</summary>
internal sealed record ChangeWebhookRequest
{
    /// <summary>Where events are posted to.</summary>
    /// <example>https://example.com/cloudlab</example>
    public required string Url { get; init; }

    /// <summary>Actions, or the beginnings of some with a star, up to 20; empty for all.</summary>
    public IReadOnlyList<string> Actions { get; init; } = [];

    /// <summary>Whether it is delivered to. One that is enabled again goes on where it was.</summary>
    /// <example>true</example>
    public bool Enabled { get; init; } = true;
}
