namespace CloudLab.Storage.Volumes.Collection;

/// <summary>What a collection found and did.</summary>
/// <param name="SlotsBefore">Slots that were stored.</param>
/// <param name="SlotsAfter">Slots that are stored now.</param>
/// <param name="Deleted">Objects that were removed.</param>
/// <param name="Packed">Objects that were written in place of others.</param>
internal sealed record CollectionOutcome(long SlotsBefore, long SlotsAfter, int Deleted, int Packed);
