using CloudLab.Machine.Memory;

namespace CloudLab.Machine;

/// <summary>A kernel, initramfs or firmware that machines boot from; its pages are held once for all of them.</summary>
/// <remarks>Made by <see cref="Hypervisor.LoadImageAsync"/>; disposing it frees the pages once no machine maps them.</remarks>
public sealed class GuestImage : IDisposable
{
    internal GuestImage(string name, ImagePages pages)
    {
        Name = name;
        Pages = pages;
    }

    /// <summary>A name for messages.</summary>
    public string Name { get; }

    /// <summary>The size in bytes.</summary>
    public ulong Length => Pages.Length;

    internal ImagePages Pages { get; }

    /// <inheritdoc/>
    public void Dispose() => Pages.Dispose();
}
