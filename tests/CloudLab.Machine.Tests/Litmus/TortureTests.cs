using Xunit;

namespace CloudLab.Machine.Tests.Litmus;

/// <summary>
/// All harts at once at all atomics on a few shared words, while another one moves the page they work on, fences and
/// interrupts them; then every word is what the operations make of it, in whatever order they were done.
/// </summary>
public sealed class TortureTests
{
    [Theory]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    [InlineData(8, 3)]
    public void Nothing_is_lost_and_nothing_is_done_twice(int harts, int seed)
    {
        using var guest = new TortureGuest(harts, seed);
        guest.Run();
        Assert.Equal([], guest.WrongWords);

        // Locks protected what they should.
        ulong sections = (ulong)guest.Workers * TortureGuest.Loops;
        Assert.Equal((sections, sections), guest.TicketCounters);
        Assert.Equal((sections, sections), guest.FlagCounters);

        // Nobody wrote to a page after the fence that followed its unmapping; and it was moved, and all were interrupted.
        Assert.Equal(0UL, guest.LateWrites);
        Assert.NotEqual(0UL, guest.Moves);
        Assert.All(guest.Interrupts, Assert.True);
    }
}
