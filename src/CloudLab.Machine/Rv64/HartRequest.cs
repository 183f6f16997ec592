namespace CloudLab.Machine.Rv64;

/// <summary>What one party asks of a hart.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="First">A page of RAM by its index, or the first virtual address.</param>
/// <param name="Length">The length of a range of virtual addresses in bytes; 0 with a first address of 0 is all.</param>
/// <param name="Asid">The ASID whose translations go; null for all.</param>
internal readonly record struct HartRequest(HartRequestKind Kind, ulong First, ulong Length, ushort? Asid = null);
