namespace CloudLab.Storage.Volumes.Formats;

/// <summary>What an object of a volume's stream means beyond its slots.</summary>
[Flags]
internal enum ObjectMarks : ushort
{
    None = 0,

    /// <summary>The first of a writer; shuts out the writers before. Never collected.</summary>
    Fence = 1,

    /// <summary>The header's root is the map of all that came before.</summary>
    Checkpoint = 2,

    /// <summary>The writer's log had nothing more when it closed the volume.</summary>
    Clean = 4,
}
