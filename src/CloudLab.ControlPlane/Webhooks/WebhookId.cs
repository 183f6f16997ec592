using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>The id of a webhook: <c>whk-</c> and 17 hexadecimal digits.</summary>
public readonly record struct WebhookId : IResourceId<WebhookId>
{
    private readonly string? _value;

    private WebhookId(string value) => _value = value;

    /// <inheritdoc/>
    public static string Prefix => "whk-";

    /// <inheritdoc/>
    public string Value => _value ?? "";

    public static WebhookId New() => ResourceId.New<WebhookId>();

    /// <summary>Takes exactly <c>whk-</c> and 17 lower-case hexadecimal digits.</summary>
    public static bool TryParse(string? text, out WebhookId id) => ResourceId.TryParse(text, out id);

    static WebhookId IResourceId<WebhookId>.Wrap(string value) => new(value);

    public override string ToString() => Value;
}
