using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Collection;

/// <summary>An object or a pack, as the collector sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Slots">How many slots it has.</param>
/// <param name="Alive">Those that a held state names: where they were first written, and what they are.</param>
internal sealed record StoredObject(string Name, int Slots, IReadOnlyList<(MapEntry Place, SlotKey Key)> Alive);
