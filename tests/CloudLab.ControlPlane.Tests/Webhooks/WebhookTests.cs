using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.ControlPlane.Webhooks;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Webhooks;

public sealed class WebhookTests(SharedPostgres postgres)
{
    private static readonly ControlPlaneOptions Private = QuickOptions with { AllowsPrivateWebhooks = true };

    [Theory, BothDatabases]
    public async Task Events_are_delivered_in_order_signed_and_once(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres, Private);
        await using var receiver = new Receiver();
        await HappenAsync(plane, "before");
        await Eventually.HoldsAsync(async () => await plane.Get<EventService>().FindEndAsync(Cancel) != EventPosition.Start);
        NewWebhook made = Ok(await plane.Get<WebhookService>().CreateAsync(plane.Account, receiver.Url, ["test.*"], Cancel));
        await HappenAsync(plane, "test.one");
        await HappenAsync(plane, "unwanted");
        await HappenAsync(plane, "test.two");
        await DispatchAsync(plane, receiver, 2);
        await DispatchAsync(plane);

        (string Head, string Body)[] requests = [.. receiver.Requests];
        Assert.Equal(["test.one", "test.two"], requests.Select(r => (string)JsonNode.Parse(r.Body)!["event"]!["action"]!));
        foreach ((string head, string body) in requests)
        {
            string signature = Header(head, "X-CloudLab-Signature");
            string seconds = signature.Split(',')[0]["t=".Length..];
            byte[] hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(made.Secret), Encoding.UTF8.GetBytes($"{seconds}.{body}"));
            Assert.Equal($"t={seconds},v1={Convert.ToHexStringLower(hash)}", signature);
            Assert.Equal((string)JsonNode.Parse(body)!["deliveryId"]!, Header(head, "X-CloudLab-Delivery"));
        }

        Assert.NotNull((await GetAsync(plane, made)).LastDeliveredAt);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        Webhook row = await db.Webhooks.AsNoTracking().SingleAsync(Cancel);
        Assert.Equal(-1, row.Secret.AsSpan().IndexOf(Encoding.ASCII.GetBytes(made.Secret)));
    }

    [Theory]
    [InlineData("500 Internal Server Error", "the receiver answered 500")]
    [InlineData("302 Found", "the receiver answered 302")]
    public async Task What_is_not_taken_is_tried_again_ever_more_rarely_and_keeps_its_order(string status, string error)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres, Private);
        await using var receiver = new Receiver { Status = status };
        NewWebhook made = Ok(await plane.Get<WebhookService>().CreateAsync(plane.Account, receiver.Url, ["test.*"], Cancel));
        await HappenAsync(plane, "test.one");
        await HappenAsync(plane, "test.two");
        List<TimeSpan> waits = [];
        for (int i = 0; i < 6; i++)
        {
            await DispatchAsync(plane);
            await DispatchAsync(plane);
            WebhookDetails failing = await GetAsync(plane, made);
            Assert.Equal((i + 1, error), (failing.Failures, failing.LastError));
            waits.Add(failing.NextAttemptAt - plane.Time.GetUtcNow());
            plane.Clock.Advance(waits[^1]);
        }

        Assert.Equal(6, receiver.Requests.Count);
        Assert.True(waits[^1] > waits[0] * 4);
        Assert.Single(receiver.Requests.Select(r => Header(r.Head, "X-CloudLab-Delivery")).Distinct());
        receiver.Status = "200 OK";
        await DispatchAsync(plane);
        Assert.Equal(["test.one", "test.two"], receiver.Requests.Skip(6).Select(r => Header(r.Head, "X-CloudLab-Event")));
        Assert.Equal((0, null), ((await GetAsync(plane, made)).Failures, (await GetAsync(plane, made)).LastError));
    }

    [Fact]
    public async Task An_event_is_given_up_after_a_day_and_the_webhook_disabled_after_three()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres, Private);
        await using var receiver = new Receiver { Status = "503 Service Unavailable" };
        NewWebhook made = Ok(await plane.Get<WebhookService>().CreateAsync(plane.Account, receiver.Url, ["test.*"], Cancel));
        for (int n = 0; n < 4; n++) await HappenAsync(plane, $"test.{n}");
        WebhookDetails now;
        do
        {
            plane.Clock.Advance(TimeSpan.FromHours(2));
            await DispatchAsync(plane);
            now = await GetAsync(plane, made);
        }
        while (now.State == WebhookState.Active);

        Assert.InRange(now.GivenUp, 2, 3);
        Assert.Equal(TimeSpan.FromDays(3), plane.Time.GetUtcNow() - now.FailingSince);
        EventDetails disabled = Assert.Single(Ok(await plane.Get<EventService>().ListAsync(
            plane.Account, new EventQuery { Filter = new EventFilter { Action = "webhooks.disabled" } }, Cancel)).Items);
        Assert.Equal(made.Webhook.Id.Value, disabled.ResourceId);
        int tried = receiver.Requests.Count;
        plane.Clock.Advance(TimeSpan.FromHours(2));
        await DispatchAsync(plane);
        Assert.Equal(tried, receiver.Requests.Count);

        receiver.Status = "200 OK";
        Ok(await plane.Get<WebhookService>().ChangeAsync(plane.Account, made.Webhook.Id.Value, receiver.Url, ["test.*"], isEnabled: true, Cancel));
        await DispatchAsync(plane);
        Assert.Equal("test.3", Header(receiver.Requests.Last().Head, "X-CloudLab-Event"));
    }

    [Theory, BothDatabases]
    public async Task Another_process_goes_on_where_the_one_before_was(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres, Private);
        await using var receiver = new Receiver();
        Ok(await plane.Get<WebhookService>().CreateAsync(plane.Account, receiver.Url, ["test.*"], Cancel));
        await HappenAsync(plane, "test.one");
        await DispatchAsync(plane, receiver, 1);
        await HappenAsync(plane, "test.two");
        await plane.StopAsync();
        await using TestPlane next = await plane.ReopenAsync(Private);
        await DispatchAsync(next, receiver, 2);
        Assert.Equal(["test.one", "test.two"], receiver.Requests.Select(r => Header(r.Head, "X-CloudLab-Event")));
    }

    [Theory]
    [InlineData("http://example.com/")]
    [InlineData("ftp://example.com/")]
    [InlineData("https://user:password@example.com/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("nonsense")]
    public async Task A_url_that_reaches_inside_is_refused(string url)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        Refused(await plane.Get<WebhookService>().CreateAsync(plane.Account, url, [], Cancel), ErrorCode.InvalidParameter);
    }

    [Fact]
    public async Task A_name_that_means_an_address_inside_is_refused_when_it_is_connected_to()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        NewWebhook made = Ok(await plane.Get<WebhookService>().CreateAsync(plane.Account, "https://localhost:1/", [], Cancel));
        await HappenAsync(plane, "test.one");
        await DispatchAsync(plane);
        Assert.Equal("the receiver's address is one that webhooks may not reach", (await GetAsync(plane, made)).LastError);
    }

    [Theory]
    [InlineData("93.184.216.34", false, false, true)]
    [InlineData("93.184.216.34", true, true, false)]
    [InlineData("127.0.0.1", true, true, true)]
    [InlineData("192.168.1.1", false, true, true)]
    [InlineData("192.168.1.1", false, false, false)]
    [InlineData("100.64.0.1", false, false, false)]
    [InlineData("169.254.169.254", true, true, false)]
    [InlineData("::ffff:10.0.0.1", false, false, false)]
    [InlineData("64:ff9b::a00:1", false, true, false)]
    [InlineData("2002:a00:1::", false, true, false)]
    [InlineData("fd00::1", false, false, false)]
    [InlineData("2606:4700::1", false, false, true)]
    [InlineData("255.255.255.255", false, true, false)]
    [InlineData("0.0.0.0", false, true, false)]
    public void Addresses_that_are_not_public_need_the_operators_word(string address, bool isPlain, bool allowsPrivate, bool may) =>
        Assert.Equal(may, WebhookAddresses.MayReach(IPAddress.Parse(address), isPlain, allowsPrivate));

    [Fact]
    public async Task Webhooks_are_their_accounts_alone()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres, Private);
        WebhookService webhooks = plane.Get<WebhookService>();
        NewWebhook made = Ok(await webhooks.CreateAsync(plane.Account, "http://127.0.0.1:1/", [], Cancel));
        var other = ControlPlane.Identity.AccountId.New();
        Assert.Empty(await webhooks.ListAsync(other, Cancel));
        Refused(await webhooks.GetAsync(other, made.Webhook.Id.Value, Cancel), ErrorCode.WebhookNotFound);
        Refused(await webhooks.DeleteAsync(other, made.Webhook.Id.Value, Cancel), ErrorCode.WebhookNotFound);
        Refused(await webhooks.ChangeAsync(other, made.Webhook.Id.Value, "http://127.0.0.1:1/", [], true, Cancel), ErrorCode.WebhookNotFound);
        Ok(await webhooks.DeleteAsync(plane.Account, made.Webhook.Id.Value, Cancel));
        Assert.Empty(await webhooks.ListAsync(plane.Account, Cancel));
    }

    private static Task DispatchAsync(TestPlane plane) => plane.Get<WebhookDispatcher>().DispatchAsync(Cancel);

    /// <summary>Transactions of other databases of the same server hold events back for a moment.</summary>
    private static Task DispatchAsync(TestPlane plane, Receiver receiver, int count) => Eventually.HoldsAsync(async () =>
    {
        await DispatchAsync(plane);
        return receiver.Requests.Count >= count;
    });

    private static async Task<WebhookDetails> GetAsync(TestPlane plane, NewWebhook made) =>
        Ok(await plane.Get<WebhookService>().GetAsync(plane.Account, made.Webhook.Id.Value, Cancel));

    private static string Header(string head, string name) =>
        head.Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();

    private static Task<Event> HappenAsync(TestPlane plane, string action) => plane.Contexts.WriteAsync(
        (db, _) =>
        {
            var item = new Event
            {
                AccountId = plane.Account,
                At = plane.Time.GetUtcNow(),
                Actor = "system",
                Action = action,
                ResourceType = "test",
                Outcome = EventOutcome.Ok,
            };
            db.Events.Add(item);
            return Task.FromResult(item);
        },
        Cancel);
}
