using CloudLab.Machine.Devices;
using Xunit;

namespace CloudLab.Machine.Tests.Devices;

public sealed class AclintTests : IGuestTime
{
    private readonly FakeHarts _harts = new(2);
    private readonly Aclint _aclint;

    public AclintTests() => _aclint = new Aclint(_harts, this);

    public ulong Ticks { get; private set; } = 0x1_2345_6789;

    [Fact]
    public void Msip_drives_the_harts_software_interrupt()
    {
        _aclint.Write(4, 4, 0xffff_ffff);
        Assert.True(_harts.Software[1]);
        Assert.False(_harts.Software[0]);
        Assert.Equal(1u, _aclint.Read(4, 4));
        _aclint.Write(4, 4, 0xffff_fffe);
        Assert.False(_harts.Software[1]);
    }

    [Fact]
    public void Mtimecmp_is_written_whole_or_by_halves()
    {
        Assert.Equal(ulong.MaxValue, _harts.Deadline[1]);
        _aclint.Write(0x4008, 8, 0x1122_3344_5566_7788);
        Assert.Equal(0x1122_3344_5566_7788u, _harts.Deadline[1]);
        _aclint.Write(0x4008, 4, 0xaaaa_aaaa);
        _aclint.Write(0x400c, 4, 0xbbbb_bbbb);
        Assert.Equal(0xbbbb_bbbb_aaaa_aaaau, _harts.Deadline[1]);
        Assert.Equal(0xbbbb_bbbbu, _aclint.Read(0x400c, 4));
        Assert.Equal(ulong.MaxValue, _harts.Deadline[0]);
    }

    [Fact]
    public void Mtime_shows_the_guests_clock()
    {
        Assert.Equal(0x1_2345_6789u, _aclint.Read(0xbff8, 8));
        Assert.Equal(0x2345_6789u, _aclint.Read(0xbff8, 4));
        Assert.Equal(1u, _aclint.Read(0xbffc, 4));
    }

    [Fact]
    public void Reset_clears_interrupts_and_deadlines()
    {
        _aclint.Write(0, 4, 1);
        _aclint.Write(0x4000, 8, 5);
        _aclint.Reset();
        Assert.False(_harts.Software[0]);
        Assert.Equal(ulong.MaxValue, _harts.Deadline[0]);
    }

    [Fact]
    public void Every_other_access_is_counted_and_reads_zero()
    {
        (ulong Offset, int Size)[] bad = [(8, 4), (0, 8), (0, 1), (2, 4), (0x4010, 8), (0x4004, 8), (0x3ffc, 4), (0x8000, 4), (0x4000, 2)];
        foreach ((ulong offset, int size) in bad)
        {
            Assert.Equal(0u, _aclint.Read(offset, size));
            _aclint.Write(offset, size, ulong.MaxValue);
        }

        _aclint.Write(0xbff8, 8, 0);
        Assert.Equal(bad.Length * 2 + 1, _aclint.BadAccesses);
        Assert.Equal(0x1_2345_6789u, Ticks);
    }
}
