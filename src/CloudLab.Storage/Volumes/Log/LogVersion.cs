namespace CloudLab.Storage.Volumes.Log;

/// <summary>Tells whether a block has changed between two looks: where the log has it, or how far the log was released if it has not.</summary>
internal readonly record struct LogVersion(LogFindingKind Kind, ulong Position, ulong Released);
