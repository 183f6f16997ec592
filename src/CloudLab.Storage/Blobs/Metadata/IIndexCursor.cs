namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>A position among the keys of an <see cref="IObjectIndex"/>, ascending by bytes. One caller at a time.</summary>
internal interface IIndexCursor : IDisposable
{
    /// <summary>The key; valid until the cursor moves, when it stands on one.</summary>
    ReadOnlySpan<byte> Key { get; }

    ReadOnlySpan<byte> Value { get; }

    /// <summary>Moves to the first key that is not less, within the prefix; false if there is none.</summary>
    bool Seek(ReadOnlySpan<byte> key);

    /// <summary>Moves to the next key; false if there is none.</summary>
    bool Next();
}
