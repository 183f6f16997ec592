namespace CloudLab.Storage.Volumes.Formats;

/// <summary>Blocks in a row.</summary>
internal readonly record struct BlockRange(ulong First, ulong Count)
{
    public ulong End => First + Count;

    public bool Contains(ulong block) => block >= First && block < End;
}
