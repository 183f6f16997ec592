using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Drain;

/// <summary>How many slots of a volume's own objects are taken and how many were overwritten since it was opened: when to collect.</summary>
/// <remarks>An estimate. What may go is decided by the maps alone.</remarks>
internal sealed class ObjectUsage
{
    private const long MinDead = 4096;

    private long _taken;
    private long _dead;

    public void Took(int slots) => _taken += slots;

    public void Overwrote(MapEntry old)
    {
        if (!old.IsNone && old.Generation == 0)
            _dead++;
    }

    /// <summary>After a trim nobody knows how much it freed.</summary>
    public void Trimmed() => _dead += MinDead;

    /// <summary>Whether a third of what was written, and enough to be worth the while, is dead.</summary>
    public bool IsWorthCollecting => _dead >= MinDead && _dead * 3 >= _taken;

    public void Collected(long takenSlots) => (_taken, _dead) = (takenSlots, 0);
}
