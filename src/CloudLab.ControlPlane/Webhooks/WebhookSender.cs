using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using CloudLab.ControlPlane.Events;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>Sends one event to one receiver. Redirects, proxies, cookies and compressed answers are not for it.</summary>
internal sealed class WebhookSender : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    private readonly WebhookSecrets _secrets;
    private readonly ControlPlaneOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;

    public WebhookSender(WebhookSecrets secrets, ControlPlaneOptions options, TimeProvider time)
    {
        _secrets = secrets;
        _options = options;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            MaxResponseHeadersLength = 16,
            // Addresses are looked up anew, and checked anew, now and then.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        };
        _client = new HttpClient(handler) { Timeout = Timeout };
    }

    /// <returns>Null when the receiver took it (2xx), or what went wrong.</returns>
    public async Task<string?> SendAsync(Webhook webhook, EventDetails item, CancellationToken cancellationToken)
    {
        // The same for each attempt, so that receivers can tell a repetition.
        string delivery = $"{webhook.Id}.{item.Id}";
        byte[] body = Body(webhook, item, delivery);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-CloudLab-Delivery", delivery);
        request.Headers.Add("X-CloudLab-Event", item.Action);
        request.Headers.Add("X-CloudLab-Signature", _secrets.Sign(webhook, body, _time.GetUtcNow()));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("CloudLab", "1"));
        try
        {
            using HttpResponseMessage response = await _client
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
                .ConfigureAwait(false);
            return response.IsSuccessStatusCode ? null : $"the receiver answered {(int)response.StatusCode}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the receiver did not answer within {Timeout.TotalSeconds} s";
        }
        catch (HttpRequestException failure)
        {
            // The message tells what this side met; of inner networks it says no more than that.
            return failure.InnerException is RefusedAddressException refused ? refused.Message : $"the receiver cannot be reached ({failure.HttpRequestError})";
        }
    }

    public void Dispose() => _client.Dispose();

    private static byte[] Body(Webhook webhook, EventDetails item, string delivery) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            deliveryId = delivery,
            webhookId = webhook.Id.Value,
            @event = new
            {
                eventId = item.Id,
                item.At,
                item.Actor,
                item.ActorName,
                item.SourceAddress,
                item.Action,
                item.ResourceType,
                item.ResourceId,
                item.Outcome,
                item.ErrorCode,
                item.RequestId,
                details = item.Details is null ? (JsonElement?)null : JsonElement.Parse(item.Details),
            },
        },
        Json);

    /// <summary>Connects to an address that was checked, and to no other: a name could mean another one a moment later.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        bool isPlain = context.InitialRequestMessage.RequestUri!.Scheme == Uri.UriSchemeHttp;
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken).ConfigureAwait(false);
        IPAddress[] allowed = [.. addresses.Where(a => WebhookAddresses.MayReach(a, isPlain, _options.AllowsPrivateWebhooks))];
        if (allowed.Length == 0) throw new RefusedAddressException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class RefusedAddressException() : IOException("the receiver's address is one that webhooks may not reach");
}
