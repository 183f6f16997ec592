namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Where the bytes of a version or a part stand. The numbers are part of the stored format.</summary>
internal enum DataKind : byte
{
    /// <summary>There are none: an empty object, or a delete marker.</summary>
    None = 0,

    /// <summary>In the index, under the id.</summary>
    Inline = 1,

    /// <summary>In a file of its own, whose number is the id.</summary>
    File = 2,

    /// <summary>In the parts of the upload that is the id.</summary>
    Parts = 3,
}
