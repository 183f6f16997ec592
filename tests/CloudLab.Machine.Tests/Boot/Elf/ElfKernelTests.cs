using System.Buffers.Binary;
using CloudLab.Machine.Boot;
using CloudLab.Machine.Memory;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Boot.Elf;

public sealed class ElfKernelTests
{
    private const ulong Ram = 0x8000_0000;
    private const ulong RamSize = 1 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Segments_go_where_their_physical_addresses_say()
    {
        byte[] file = new ElfBuilder { Entry = 0xffff_ffff_8000_1004 }
            .Segment(Ram + 0x3000, [5, 6], size: 100, virtualAddress: 0xffff_ffff_8000_3000)
            .Segment(Ram + 0x1001, [1, 2, 3, 4], virtualAddress: 0xffff_ffff_8000_1001)
            .Symbol("nottohost", 1)
            .Symbol("tohost", 0xffff_ffff_8000_3008)
            .Build();
        using ImagePages pages = await PagesAsync(file);
        using var memory = new GuestMemory(new GuestAddress(Ram), RamSize);

        KernelImage kernel = KernelImage.Read(pages, StartMode.Machine);

        Assert.True(kernel.TryLoad(memory));
        Assert.Equal((0x1001UL, 0x3000UL + 100 - 0x1001), (kernel.LoadOffset, kernel.Size));
        Assert.Equal(new GuestAddress(Ram + 0x1004), kernel.Entry);
        Assert.Equal(new GuestAddress(Ram + 0x3008), kernel.ToHost);
        Assert.Null(kernel.FromHost);
        Assert.Equal(new byte[] { 0, 1, 2, 3, 4, 0 }, Read(memory, Ram + 0x1000, 6));
        Assert.Equal(new byte[] { 5, 6, 0, 0 }, Read(memory, Ram + 0x3000, 4));
    }

    [Fact]
    public async Task The_files_own_headers_need_no_RAM()
    {
        byte[] before = new ElfBuilder().Segment(Ram, [1, 2, 3, 4]).Headers(Ram - 64 - 56).Build();
        byte[] alone = new ElfBuilder().Segment(0x1_0000, [9], size: 1000).Segment(Ram, [1, 2, 3, 4]).Headers(0x1_0000).Build();
        foreach (byte[] file in new[] { before, alone })
        {
            using ImagePages pages = await PagesAsync(file);
            using var memory = new GuestMemory(new GuestAddress(Ram), RamSize);
            KernelImage kernel = KernelImage.Read(pages, StartMode.Machine);
            Assert.True(kernel.TryLoad(memory));
            Assert.Equal((0UL, 4UL), (kernel.LoadOffset, kernel.Size));
            Assert.Equal(new byte[] { 1, 2, 3, 4, 0 }, Read(memory, Ram, 5));
        }
    }

    [Theory]
    [InlineData(StartMode.Machine, 0)]
    [InlineData(StartMode.Supervisor, 2 << 20)]
    public async Task A_flat_binary_begins_where_firmware_leaves_it_room(StartMode mode, ulong offset)
    {
        using ImagePages pages = await PagesAsync([1, 2, 3]);
        KernelImage kernel = KernelImage.Read(pages, mode);
        Assert.Equal((offset, new GuestAddress(Ram + offset)), (kernel.LoadOffset, kernel.Entry));
    }

    [Theory]
    [InlineData(Ram, StartMode.Machine)]
    [InlineData(Ram + 0x20_0000, StartMode.Supervisor)]
    public async Task An_ELF_at_the_start_of_RAM_wants_machine_mode(ulong address, StartMode mode)
    {
        using var image = new GuestImage("kernel", await PagesAsync(new ElfBuilder { Entry = address }.Segment(address, new byte[4]).Build()), _ => { });
        Assert.Equal(mode, image.SuggestStartMode());
    }

    [Fact]
    public async Task What_cannot_be_loaded_is_refused_with_a_reason()
    {
        ElfBuilder Good() => new ElfBuilder().Segment(Ram, new byte[8]);
        (byte[] File, string Reason)[] files =
        [
            (Good().Build()[..63], "its header lies beyond the end"),
            (Good().Build()[..100], "its table of program headers lies beyond"),
            (Good().Build()[..^1], "a segment lies beyond the end"),
            (Changed(Good().Build(), 4, 1), "not a 64-bit one"),
            (Changed(Good().Build(), 5, 2), "not little-endian"),
            (new ElfBuilder { Machine = 62 }.Segment(Ram, new byte[8]).Build(), "not for RISC-V"),
            (new ElfBuilder { Type = 1 }.Segment(Ram, new byte[8]).Build(), "not linked"),
            (new ElfBuilder().Build(), "nothing to load"),
            (Good().Segment(0, new byte[8], type: 3).Build(), "dynamically linked"),
            (Good().Segment(Ram + 4, new byte[8]).Build(), "overlap at 0x80000004"),
            (Good().Segment(0x1000, new byte[8]).Build(), "outside RAM"),
            (Good().Segment(ulong.MaxValue - 2, new byte[8]).Build(), "outside RAM"),
            (Good().Segment(Ram + 16, new byte[8], size: 7).Build(), "longer in the file"),
            (new ElfBuilder { Entry = Ram + 8 }.Segment(Ram, new byte[8]).Build(), "entry 0x80000008"),
            (new ElfBuilder { Entry = Ram + 1 }.Segment(Ram, new byte[8]).Build(), "entry 0x80000001"),
            (Good().Symbol("tohost", Ram + 4).Build(), "not aligned"),
            (Good().Symbol("tohost", Ram).Build()[..^1], "its table of section headers lies beyond"),
        ];
        foreach ((byte[] file, string reason) in files)
        {
            using ImagePages pages = await PagesAsync(file);
            MachineException refusal = Assert.Throws<MachineException>(() => KernelImage.Read(pages, StartMode.Machine));
            Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Any_damage_is_refused_or_harmless()
    {
        byte[] good = new ElfBuilder().Segment(Ram, new byte[64]).Segment(Ram + 0x1000, new byte[16], 0x100).Symbol("tohost", Ram + 0x1000).Build();
        using var memory = new GuestMemory(new GuestAddress(Ram), RamSize);
        ulong[] edges = [0, 1, ulong.MaxValue, ulong.MaxValue - 7, 1UL << 63, Ram, Ram + RamSize - 1];
        Gen<ulong> values = Gen.OneOf(Gen.ULong, Gen.ULong[0, 0x200], Gen.Int[0, edges.Length - 1].Select(i => edges[i]));
        var damages = Gen.Select(Gen.Int[4, good.Length - 8], Gen.Int[0, 3].Select(shift => 1 << shift), values).List[1, 4];
        await damages.SampleAsync(
            async damage =>
            {
                byte[] file = [.. good];
                Span<byte> value = stackalloc byte[8];
                foreach ((int at, int size, ulong number) in damage)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(value, number);
                    value[..size].CopyTo(file.AsSpan(at));
                }

                using ImagePages pages = await PagesAsync(file);
                try
                {
                    KernelImage kernel = KernelImage.Read(pages, StartMode.Machine);
                    BootLayout.Plan(RamSize, kernel, null, null);
                    return kernel.TryLoad(memory);
                }
                catch (MachineException)
                {
                    return true;
                }
            },
            iter: 5_000);
    }

    private static byte[] Changed(byte[] file, int at, byte value)
    {
        file[at] = value;
        return file;
    }

    private static byte[] Read(GuestMemory memory, ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(memory.TryRead(new GuestAddress(address), bytes));
        return bytes;
    }

    private static async Task<ImagePages> PagesAsync(byte[] file)
    {
        using var stream = new MemoryStream(file);
        return await ImagePages.LoadAsync("test", stream, Cancellation);
    }
}
