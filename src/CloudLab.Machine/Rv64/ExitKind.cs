namespace CloudLab.Machine.Rv64;

/// <summary>Why the engine left guest code.</summary>
internal enum ExitKind
{
    /// <summary>It has not, or only to look up the next block.</summary>
    None,

    /// <summary>The slice's instructions are used up.</summary>
    Budget,

    /// <summary>Another thread asked for attention.</summary>
    Attention,

    /// <summary>A SYSTEM or FENCE.I instruction that the VMM emulates; it stands in <see cref="HartState.ExitInstruction"/>.</summary>
    Instruction,

    /// <summary>A load from a guest-physical address that is not RAM.</summary>
    MmioLoad,

    /// <summary>A store to a guest-physical address that is not RAM.</summary>
    MmioStore,

    /// <summary>The host has no memory for what the instruction writes; it has done nothing, and is executed again.</summary>
    Memory,
}
