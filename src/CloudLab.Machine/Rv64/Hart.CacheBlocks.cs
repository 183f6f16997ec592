using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// Zicbom and Zicboz (unprivileged specification, chapter 19). Memory is coherent here, so cleaning, flushing and
/// invalidating have nothing to do but to check the address; <c>cbo.zero</c> zeroes the block.
/// </summary>
internal sealed unsafe partial class Hart
{
    /// <summary>The size of a cache block in bytes, as the device tree announces it.</summary>
    public const int CacheBlockSize = 64;

    private const uint CboInval = 0;
    private const uint CboClean = 1;
    private const uint CboFlush = 2;
    private const uint CboZero = 4;

    /// <summary>Executes one of <c>cbo.*</c>. The pc is not moved unless it trapped.</summary>
    public CacheBlockResult ExecuteCacheBlock(uint instruction)
    {
        uint operation = instruction >> 20;
        ulong needed = operation switch
        {
            CboInval => EnvcfgCbie,
            CboClean or CboFlush => EnvcfgCbcfe,
            CboZero => EnvcfgCbze,
            _ => 0,
        };
        if (needed == 0 || !MayOperateOnBlocks(needed)) return CacheBlockResult.Illegal;
        ulong address = State->X[instruction >> 15 & 31];
        ulong block = address & ~(ulong)(CacheBlockSize - 1);
        // Permission to load or to store will do for management; zeroing is a store.
        bool isAccessible = Mmu.TryTranslate(block, operation == CboZero ? AccessKind.Store : AccessKind.Load, DataContext, out ulong physical)
            || (operation != CboZero && Mmu.TryTranslate(block, AccessKind.Store, DataContext, out physical));
        if (!isAccessible)
        {
            // Nothing is done yet: the instruction is executed again when the host has memory.
            if (State->Exit == ExitKind.Memory) return CacheBlockResult.Trapped;
            // All faults are reported as those of a store, with the address as given.
            bool isPageFault = Mmu.Fault is ExceptionCode.LoadPageFault or ExceptionCode.StorePageFault;
            RaiseException(isPageFault ? ExceptionCode.StorePageFault : ExceptionCode.StoreAccessFault, address);
            return CacheBlockResult.Trapped;
        }

        if (operation != CboZero) return CacheBlockResult.Done;
        Span<byte> zeroes = stackalloc byte[CacheBlockSize];
        zeroes.Clear();
        if (Memory.TryWrite(new GuestAddress(physical), zeroes)) return CacheBlockResult.Done;
        RaiseException(ExceptionCode.StoreAccessFault, address);
        return CacheBlockResult.Trapped;
    }

    private bool MayOperateOnBlocks(ulong needed) => Privilege == Privilege.Machine
        || ((_menvcfg & needed) != 0 && (Privilege == Privilege.Supervisor || (_senvcfg & needed) != 0));
}
