namespace CloudLab.Storage.Volumes.Objects;

/// <summary>One object with what was alive in many.</summary>
/// <param name="Name">Its name.</param>
/// <param name="First">The first sequence that it stands for.</param>
/// <param name="Last">The last one.</param>
internal sealed record Pack(string Name, ulong First, ulong Last)
{
    public bool Covers(ulong sequence) => sequence >= First && sequence <= Last;
}
