namespace CloudLab.Machine.Memory;

/// <summary>What is known of one 4 KiB page of guest RAM; one byte a page, changed by atomic operations.</summary>
[Flags]
public enum PageFlags : byte
{
    /// <summary>Nothing is known of the page.</summary>
    None = 0,

    /// <summary>Some hart holds decoded or translated instructions of this page: a writer must drop them first.</summary>
    Code = 1,

    /// <summary>The page was written since the dirty log was last taken.</summary>
    Dirty = 2,
}
