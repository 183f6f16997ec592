namespace CloudLab.Storage.Volumes.Formats;

/// <summary>Where a slot is: <c>generation:12 | sequence:36 | slot:16</c>, zero for nowhere.</summary>
/// <remarks>
/// The generation counts ancestors: 0 is the volume whose map this is, 1 the one it was cloned from, and so on. Slots are counted in
/// units of <see cref="VolumeGeometry.SlotBytes"/> from the object's start, whose header fills the first: no slot has the number 0.
/// </remarks>
internal readonly record struct MapEntry(ulong Bits)
{
    public const int MaxGeneration = 0xFFF;
    public const ulong MaxSequence = (1UL << SequenceBits) - 1;

    private const int SequenceBits = 36;
    private const int SlotBits = 16;
    private const int GenerationAt = SequenceBits + SlotBits;

    public MapEntry(int generation, ulong sequence, int slot)
        : this(((ulong)generation << GenerationAt) | (sequence << SlotBits) | (ushort)slot)
    {
    }

    public static MapEntry None => default;

    public bool IsNone => Bits == 0;

    public int Generation => (int)(Bits >> GenerationAt);

    public ulong Sequence => (Bits >> SlotBits) & MaxSequence;

    public int Slot => (ushort)Bits;

    /// <summary>The same place, named from a map that is so many generations younger.</summary>
    public MapEntry Aged(int generations) => IsNone ? this : new(Bits + ((ulong)generations << GenerationAt));
}
