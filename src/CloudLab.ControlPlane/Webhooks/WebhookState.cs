namespace CloudLab.ControlPlane.Webhooks;

/// <summary>Whether a webhook is delivered to.</summary>
public enum WebhookState
{
    Active,

    /// <summary>Not any more: its account said so, or it failed for too long.</summary>
    Disabled,
}
