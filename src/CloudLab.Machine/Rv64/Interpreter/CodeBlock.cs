using System.Runtime.InteropServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// A straight run of decoded instructions on one page of guest-physical memory. It holds offsets only, no virtual
/// address, so it serves every address space that maps the page, and no TLB flush touches it.
/// </summary>
// SAFETY: lives in the code cache's arena, its ops right behind it; dropped blocks stay readable until the arena is reset between blocks.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CodeBlock
{
    /// <summary>The most instructions in a block, so that an offset fits <see cref="Op.Place"/>.</summary>
    public const int MaxInstructions = 63;

    /// <summary>How many guest instructions the block has.</summary>
    public long Count;

    /// <summary>The host address of the first one.</summary>
    public byte* Host;

    /// <summary>The next block on the same page.</summary>
    public CodeBlock* NextOnPage;

    /// <summary>
    /// Not 0 for a block that holds one instruction across two pages. It is found by the instruction's bits, serves
    /// wherever they occur, and is therefore never linked.
    /// </summary>
    public long IsPageCrossing;

    /// <summary>The ops follow the header.</summary>
    public static Op* Ops(CodeBlock* block) => (Op*)(block + 1);
}
