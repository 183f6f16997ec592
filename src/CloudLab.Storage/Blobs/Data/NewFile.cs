using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>A file that has been created to be written once.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Where it is.</param>
/// <param name="File">The open file.</param>
/// <param name="Named">Completes when its directory entry is durable.</param>
internal sealed record NewFile(ulong Id, string Path, IFile File, Task Named);
