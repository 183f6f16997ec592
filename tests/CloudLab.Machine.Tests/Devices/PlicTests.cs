using CloudLab.Machine.Devices;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Devices;

public sealed class PlicTests
{
    private const int Supervisor = 1;

    private readonly FakeHarts _harts = new(2);
    private readonly Plic _plic;

    public PlicTests() => _plic = new Plic(_harts);

    [Fact]
    public void An_enabled_source_interrupts_its_context_only()
    {
        IInterruptLine line = _plic.Line(10);
        Enable(Supervisor, 10, priority: 1);
        line.Set(true);
        Assert.True(_harts.Supervisor[0]);
        Assert.False(_harts.Machine[0]);
        Assert.False(_harts.Supervisor[1]);
        Assert.Equal(1u << 10, Read(0x1000));
    }

    [Fact]
    public void A_claim_takes_the_interrupt_and_completion_lets_a_wire_still_high_in_again()
    {
        IInterruptLine line = _plic.Line(10);
        Enable(Supervisor, 10, priority: 1);
        line.Set(true);
        Assert.Equal(10u, Claim(Supervisor));
        Assert.False(_harts.Supervisor[0]);
        Assert.Equal(0u, Claim(Supervisor));
        Complete(Supervisor, 10);
        Assert.True(_harts.Supervisor[0]);

        Assert.Equal(10u, Claim(Supervisor));
        line.Set(false);
        Complete(Supervisor, 10);
        Assert.False(_harts.Supervisor[0]);
    }

    [Fact]
    public void A_wire_that_rises_again_before_completion_is_seen_after_it()
    {
        IInterruptLine line = _plic.Line(3);
        Enable(Supervisor, 3, priority: 1);
        line.Set(true);
        Claim(Supervisor);
        line.Set(false);
        line.Set(true);
        Assert.Equal(0u, Claim(Supervisor));
        Complete(Supervisor, 3);
        Assert.Equal(3u, Claim(Supervisor));
    }

    [Fact]
    public void The_highest_priority_wins_and_the_lowest_number_among_equals()
    {
        Enable(Supervisor, 5, priority: 2);
        Enable(Supervisor, 6, priority: 7);
        Enable(Supervisor, 70, priority: 7);
        foreach (int source in new[] { 5, 70, 6 }) _plic.Line(source).Set(true);
        Assert.Equal(6u, Claim(Supervisor));
        Assert.Equal(70u, Claim(Supervisor));
        Assert.Equal(5u, Claim(Supervisor));
    }

    [Fact]
    public void The_threshold_masks_the_interrupt_but_not_the_claim_and_priority_zero_never_interrupts()
    {
        Enable(Supervisor, 5, priority: 2);
        _plic.Write(Context(Supervisor), 4, 2);
        _plic.Line(5).Set(true);
        Assert.False(_harts.Supervisor[0]);
        _plic.Write(Context(Supervisor), 4, 1);
        Assert.True(_harts.Supervisor[0]);
        _plic.Write(Context(Supervisor), 4, 7);
        Assert.Equal(5u, Claim(Supervisor));

        _plic.Line(9).Set(true);
        _plic.Write(Context(Supervisor), 4, 0);
        Enable(Supervisor, 9, priority: 0);
        Assert.False(_harts.Supervisor[0]);
        Assert.Equal(0u, Claim(Supervisor));
    }

    [Fact]
    public void A_completion_by_a_context_that_does_not_enable_the_source_is_ignored()
    {
        Enable(Supervisor, 5, priority: 1);
        _plic.Line(5).Set(true);
        Claim(Supervisor);
        Complete(3, 5);
        Complete(Supervisor, 0);
        Complete(Supervisor, 96);
        Assert.False(_harts.Supervisor[0]);
        Complete(Supervisor, 5);
        Assert.True(_harts.Supervisor[0]);
    }

    [Fact]
    public void Registers_are_WARL()
    {
        _plic.Write(4 * 7, 4, 0xffff_ffff);
        Assert.Equal(7u, Read(4 * 7));
        _plic.Write(0, 4, 7);
        Assert.Equal(0u, Read(0));
        for (ulong word = 0; word < 4; word++) _plic.Write(0x2000 + 4 * word, 4, uint.MaxValue);
        Assert.Equal(0xffff_fffeu, Read(0x2000));
        Assert.Equal(0xffff_ffffu, Read(0x2008));
        Assert.Equal(0u, Read(0x200c));
    }

    [Fact]
    public void Reset_forgets_all_but_the_wires()
    {
        Enable(Supervisor, 5, priority: 1);
        _plic.Line(5).Set(true);
        Claim(Supervisor);
        _plic.Reset();
        Assert.False(_harts.Supervisor[0]);
        Assert.Equal(0u, Read(4 * 5));
        Enable(Supervisor, 5, priority: 1);
        Assert.Equal(5u, Claim(Supervisor));
    }

    [Fact]
    public void No_access_throws_and_an_input_is_high_only_with_something_to_claim()
    {
        IInterruptLine[] lines = [.. Enumerable.Range(1, 95).Select(_plic.Line)];
        Gen<ulong> offset = Gen.OneOf(
            Gen.ULong[0, 0x200], Gen.ULong[0x1000, 0x1020], Gen.ULong[0x2000, 0x2300], Gen.ULong[0x20_0000, 0x20_5000],
            Gen.Int[0, 5].Select(c => Context(c) + 4), Gen.ULong);
        Gen.Select(offset.Select(o => o & ~3UL), Gen.Int[0, 9].Select(s => s < 8 ? 4 : s), Gen.ULong, Gen.Int[0, 3]).Array[100].Sample(accesses =>
        {
            foreach ((ulong address, int size, ulong value, int kind) in accesses)
            {
                if (kind == 0) _plic.Read(address, size);
                else if (kind == 1) _plic.Write(address, size, value);
                else lines[value % 95].Set(kind == 2);
                for (int context = 0; context < 4; context++)
                    if ((context % 2 == 0 ? _harts.Machine : _harts.Supervisor)[context / 2])
                    {
                        uint source = Claim(context);
                        Assert.InRange(source, 1u, 95u);
                        Complete(context, source);
                    }
            }
        }, iter: 500, threads: 1);
        Assert.True(_plic.BadAccesses > 0);
    }

    private static ulong Context(int context) => 0x20_0000 + 0x1000 * (ulong)context;

    private void Enable(int context, int source, uint priority)
    {
        _plic.Write(4 * (ulong)source, 4, priority);
        ulong register = 0x2000 + 0x80 * (ulong)context + 4 * (ulong)(source / 32);
        _plic.Write(register, 4, Read(register) | (1u << (source % 32)));
    }

    private uint Read(ulong offset) => (uint)_plic.Read(offset, 4);

    private uint Claim(int context) => Read(Context(context) + 4);

    private void Complete(int context, uint source) => _plic.Write(Context(context) + 4, 4, source);
}
