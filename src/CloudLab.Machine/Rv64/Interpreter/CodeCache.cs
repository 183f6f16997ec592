using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// The decoded blocks of one hart: a bump-allocated arena, a direct-mapped index by host address, and a chain of the
/// blocks of each page so that a written page drops its blocks together.
/// </summary>
/// <remarks>
/// Used by the hart's own thread only. Memory of dropped blocks is reused only by <see cref="Reset"/>, between blocks,
/// so a running block stays valid to its end.
/// </remarks>
internal sealed unsafe class CodeCache : IDisposable
{
    /// <summary>
    /// What a boot takes with room to spare: about 80 bytes a block and 16 an instruction make 10 MiB of a Debian boot
    /// with its 362,000 distinct instructions.
    /// </summary>
    public const ulong DefaultSize = 32UL << 20;

    private const ulong SmallestSize = 1UL << 20;
    private const int CrossingCount = 256;
    private const int CrossingSize = 128;

    private static readonly ulong LargestBlock =
        (ulong)(sizeof(CodeBlock) + ((CodeBlock.MaxInstructions + 1) * sizeof(Op)) + (2 * sizeof(OpLink)));

    private readonly GuestMemory _memory;
    private readonly HostMapping _arena;
    private readonly HostMapping _slots = HostMapping.Anonymous((ulong)(BlockSlot.Count * sizeof(BlockSlot)));
    private readonly HostMapping _chains;
    private readonly HostMapping _crossings = HostMapping.Anonymous(CrossingCount * CrossingSize);
    private ulong _used;

    /// <param name="memory">The RAM that code is decoded from.</param>
    /// <param name="size">The bytes of decoded code to keep at most; at least 1 MiB are kept.</param>
    public CodeCache(GuestMemory memory, ulong size)
    {
        _memory = memory;
        _arena = HostMapping.Anonymous(Math.Max(size, SmallestSize));
        _chains = HostMapping.Anonymous((memory.Size >> GuestMemory.PageShift) * (ulong)sizeof(CodeBlock*));
    }

    /// <summary>The index, for the fast path of indirect jumps.</summary>
    public BlockSlot* Slots => (BlockSlot*)_slots.Pointer;

    // SAFETY: page numbers come from host addresses inside RAM; slots are masked; the arena is checked before use.
    private CodeBlock** Chains => (CodeBlock**)_chains.Pointer;

    /// <summary>Bytes of decoded code, dropped blocks included.</summary>
    public ulong Used => _used;

    /// <summary>Whether the next <see cref="Build"/> has to be preceded by <see cref="Reset"/>.</summary>
    public bool IsFull => _used + LargestBlock > _arena.Length;

    /// <summary>The block that starts at <paramref name="host"/>, or null when it has to be built.</summary>
    public CodeBlock* Find(byte* host)
    {
        BlockSlot* slot = Slots + BlockSlot.IndexOf(host);
        if (slot->Host == host) return slot->Block;
        for (CodeBlock* block = Chains[PageOf(host)]; block is not null; block = block->NextOnPage)
        {
            if (block->Host != host) continue;
            *slot = new BlockSlot { Host = host, Block = block };
            return block;
        }

        return null;
    }

    /// <summary>
    /// Decodes from <paramref name="host"/> to the first jump, the end of the page or the block's limit. The caller
    /// has set the page's code flag before. Null when the first instruction crosses into the next page.
    /// </summary>
    public CodeBlock* Build(byte* host)
    {
        var block = (CodeBlock*)(_arena.Pointer + _used);
        int space = GuestMemory.PageSize - (int)((nuint)host & (GuestMemory.PageSize - 1));
        Op* end = DecodeRun(block, host, space);
        if (block->Count == 0) return null;
        block->Host = host;
        block->IsPageCrossing = 0;
        int page = PageOf(host);
        block->NextOnPage = Chains[page];
        Chains[page] = block;
        Slots[BlockSlot.IndexOf(host)] = new BlockSlot { Host = host, Block = block };
        _used += (ulong)((byte*)end - (byte*)block);
        return block;
    }

    /// <summary>The block for one instruction whose halves lie on two pages; found by its bits alone.</summary>
    public CodeBlock* Crossing(uint instruction)
    {
        byte* place = _crossings.Pointer + ((instruction ^ instruction >> 12 ^ instruction >> 20) % CrossingCount * CrossingSize);
        var block = (CodeBlock*)place;
        var raw = (uint*)(place + CrossingSize - sizeof(uint));
        if (block->Count != 0 && *raw == instruction) return block;
        *raw = instruction;
        DecodeRun(block, (byte*)raw, sizeof(uint));
        block->Host = (byte*)raw;
        block->IsPageCrossing = 1;
        return block;
    }

    /// <summary>Drops the blocks of one page of RAM. A block that is running is left to its end.</summary>
    public void DropPage(int page)
    {
        for (CodeBlock* block = Chains[page]; block is not null; block = block->NextOnPage)
        {
            BlockSlot* slot = Slots + BlockSlot.IndexOf(block->Host);
            if (slot->Host == block->Host) *slot = default;
        }

        Chains[page] = null;
    }

    /// <summary>Drops every block and gives the arena's memory back to the host. Only between blocks.</summary>
    public void Release()
    {
        Reset();
        _arena.Zero();
    }

    /// <summary>Drops every block and reuses the arena. Only between blocks.</summary>
    public void Reset()
    {
        _used = 0;
        _slots.Zero();
        _chains.Zero();
    }

    public void Dispose()
    {
        _arena.Dispose();
        _slots.Dispose();
        _chains.Dispose();
        _crossings.Dispose();
    }

    private int PageOf(byte* host) => (int)((host - _memory.Host) >> GuestMemory.PageShift);

    /// <summary>Decodes at most <paramref name="space"/> bytes and closes the block.</summary>
    /// <returns>The first byte behind the block.</returns>
    private static Op* DecodeRun(CodeBlock* block, byte* host, int space)
    {
        Op* op = CodeBlock.Ops(block);
        int offset = 0;
        int count = 0;
        DecodedKind kind = DecodedKind.Straight;
        while (kind == DecodedKind.Straight && count < CodeBlock.MaxInstructions && offset < space)
        {
            uint low = *(ushort*)(host + offset);
            bool isWide = (low & 3) == 3;
            if (isWide && offset + 4 > space) break;
            uint instruction = isWide ? low | (uint)*(ushort*)(host + offset + 2) << 16 : CompressedDecoder.Expand(low);
            op->Place = (byte)(offset | (isWide ? 1 : 0));
            kind = Decoder.Decode(instruction, ref *op);
            offset += isWide ? 4 : 2;
            op++;
            count++;
        }

        block->Count = count;
        if (count == 0) return op;
        if (kind == DecodedKind.Straight)
        {
            *op = new Op { Handler = &Handlers.Continue, Place = (byte)offset };
            op++;
            return Link(op, offset);
        }

        if (kind == DecodedKind.End) return op;
        op = Link(op, op[-1].Immediate);
        return kind == DecodedKind.Branch ? Link(op, offset) : op;
    }

    private static Op* Link(Op* op, long distance)
    {
        *(OpLink*)op = new OpLink { Distance = distance };
        return op + 1;
    }
}
