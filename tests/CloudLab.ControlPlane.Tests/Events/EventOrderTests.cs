using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Events;

public sealed class EventOrderTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task A_reader_misses_no_event_however_late_its_transaction_commits(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        EventService events = plane.Get<EventService>();
        await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, "first"), Cancel);
        EventPosition end = default;
        // Transactions of other databases of the same server hold events back for a moment.
        await Eventually.HoldsAsync(async () => (end = await events.FindEndAsync(Cancel)) != EventPosition.Start);
        if (provider == DatabaseProvider.Sqlite)
        {
            await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, "late"), Cancel);
            await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, "early"), Cancel);
        }
        else
        {
            // The late one has its number first and commits last.
            await using CloudLabDbContext late = await plane.Contexts.CreateDbContextAsync(Cancel);
            await using WriteScope scope = await late.BeginWriteAsync(Cancel);
            await AddAsync(late, plane, "late");
            await late.SaveChangesAsync(Cancel);
            await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, "early"), Cancel);
            Assert.Empty(await events.ReadAfterAsync(plane.Account, new EventFilter(), end, 10, Cancel));
            Assert.Equal(end, await events.FindEndAsync(Cancel));
            await scope.CommitAsync();
        }

        await Eventually.HoldsAsync(async () => (await ReadAsync(plane, end, 1)).Count == 2);
        Assert.Equal(["late", "early"], await ReadAsync(plane, end, 1));
        Assert.Equal(["first", "late", "early"], await ReadAsync(plane, EventPosition.Start, 2));
    }

    [Theory, BothDatabases]
    public async Task A_reader_beside_many_writers_sees_every_event_once_and_in_one_order(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        Task writers = Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (int n = 0; n < 25; n++) await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, $"{w}-{n}"), Cancel);
        })));
        List<string> seen = [];
        EventPosition from = EventPosition.Start;
        await Eventually.HoldsAsync(async () =>
        {
            foreach (EventDetails item in await plane.Get<EventService>().ReadAfterAsync(plane.Account, new EventFilter(), from, 10, Cancel))
            {
                seen.Add(item.Action);
                from = item.Position;
            }

            return seen.Count >= 100;
        });
        await writers;
        Assert.Equal(100, seen.Distinct().Count());
        Assert.Equal(seen, await ReadAsync(plane, EventPosition.Start, 1000));
    }

    [Theory, BothDatabases]
    public async Task A_reader_goes_on_after_the_event_that_it_saw_last_or_from_the_oldest_that_is_kept(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        EventService events = plane.Get<EventService>();
        foreach (string action in (string[])["a", "b"]) await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, action), Cancel);
        IReadOnlyList<EventDetails> all = await ReadAsync(plane, new EventFilter(), 2);
        Assert.Equal(all[0].Position, await events.FindAsync(plane.Account, all[0].Id, Cancel));
        Assert.Null(await events.FindAsync(plane.Account, EventId.Of(999), Cancel));
        Assert.Null(await events.FindAsync(plane.Account, "nonsense", Cancel));

        plane.Clock.Advance(TimeSpan.FromDays(91));
        await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, "c"), Cancel);
        Assert.Equal(2, await events.RemoveExpiredAsync(Cancel));
        EventPosition? from = await events.FindAsync(plane.Account, all[0].Id, Cancel);
        await Eventually.HoldsAsync(async () => (await ReadAsync(plane, from!.Value, 10)).Count == 1);
        Assert.Equal(["c"], await ReadAsync(plane, from!.Value, 10));
    }

    [Theory, BothDatabases]
    public async Task A_change_of_state_has_its_event_in_the_same_transaction_whoever_makes_it(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        await plane.ChangeAsync(id, i => i.ObserveChecks(new InstanceChecks(CheckStatus.Passed, CheckStatus.Passed, IsShortOfMemory: false)));
        await plane.ChangeAsync(id, i => i.RequestTerminate());
        await Assert.ThrowsAsync<InvalidOperationException>(() => plane.ChangeAsync(id, i =>
        {
            i.ObserveEnd(plane.Time.GetUtcNow());
            throw new InvalidOperationException("the write fails");
        }));

        IReadOnlyList<EventDetails> events = await ReadAsync(plane, new EventFilter { ResourceId = id.Value }, 2);
        Assert.Equal(
            ["""{"from":"pending","to":"running","reason":null}""", """{"from":"running","to":"shutting-down","reason":"Client.UserInitiatedShutdown: a user asked for it"}"""],
            events.Select(e => e.Details));
    }

    [Theory, BothDatabases]
    public async Task Events_that_came_with_a_restored_backup_come_before_all_others(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        EventService events = plane.Get<EventService>();
        foreach (string action in (string[])["a", "b"]) await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, action), Cancel);
        Assert.Equal(0, await events.AdoptAsync(Cancel));
        await plane.Contexts.WriteAsync((db, ct) => db.Events.ExecuteUpdateAsync(set => set.SetProperty(e => e.TransactionId, 1L << 40), ct), Cancel);
        Assert.Equal(2, await events.AdoptAsync(Cancel));
        EventPosition end = await events.FindEndAsync(Cancel);
        await plane.Contexts.WriteAsync((db, _) => AddAsync(db, plane, "c"), Cancel);
        await Eventually.HoldsAsync(async () => (await ReadAsync(plane, end, 10)).Count == 1);
        Assert.Equal(["a", "b", "c"], await ReadAsync(plane, EventPosition.Start, 10));
    }

    [Fact]
    public async Task A_call_is_recorded_once_with_what_it_made_and_refusals_are_bounded()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        EventRecorder recorder = plane.Get<EventRecorder>();
        ApiCall call = Call(plane);
        recorder.Begin(call);
        ImageDetails image = Ok(await plane.Registry.RegisterAsync(plane.Account, new RegisterImage { Name = "toy" }, Cancel));
        Ok(await plane.Registry.DeregisterAsync(plane.Account, image.Id.Value, Cancel));
        Assert.True(call.IsRecorded);
        for (int i = 0; i <= EventRecorder.MaxRefusalsPerMinute; i++)
        {
            recorder.Begin(Call(plane));
            Refused(await plane.Registry.DeregisterAsync(plane.Account, image.Id.Value, Cancel), ErrorCode.ImageNotFound);
        }

        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        Event made = await db.Events.SingleAsync(e => e.Outcome == EventOutcome.Ok && e.Action == "images.test", Cancel);
        Assert.Equal((image.Id.Value, "images.test", "tok-test"), (made.ResourceId, made.Action, made.Actor));
        Assert.Equal(EventRecorder.MaxRefusalsPerMinute, await db.Events.CountAsync(e => e.Outcome == EventOutcome.Refused, Cancel));
        Assert.Equal("image-not-found", (await db.Events.FirstAsync(e => e.Outcome == EventOutcome.Refused, Cancel)).ErrorCode);
    }

    private static ApiCall Call(TestPlane plane) =>
        new() { AccountId = plane.Account, Actor = "tok-test", Action = "images.test", ResourceType = "image" };

    private static Task<Event> AddAsync(CloudLabDbContext db, TestPlane plane, string action)
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
    }

    /// <summary>The events from the beginning, as soon as there are so many.</summary>
    private static async Task<IReadOnlyList<EventDetails>> ReadAsync(TestPlane plane, EventFilter filter, int count)
    {
        IReadOnlyList<EventDetails> events = [];
        await Eventually.HoldsAsync(async () =>
        {
            events = await plane.Get<EventService>().ReadAfterAsync(plane.Account, filter, EventPosition.Start, 10, Cancel);
            return events.Count >= count;
        });
        return events;
    }

    private static async Task<List<string>> ReadAsync(TestPlane plane, EventPosition from, int pageSize)
    {
        List<string> actions = [];
        while (true)
        {
            IReadOnlyList<EventDetails> page =
                await plane.Get<EventService>().ReadAfterAsync(plane.Account, new EventFilter(), from, pageSize, Cancel);
            if (page.Count == 0) return actions;
            actions.AddRange(page.Select(e => e.Action));
            from = page[^1].Position;
        }
    }
}
