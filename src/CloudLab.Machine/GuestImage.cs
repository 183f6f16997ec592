using CloudLab.Machine.Boot;
using CloudLab.Machine.Boot.Elf;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine;

/// <summary>A kernel, initramfs or firmware that machines boot from; its pages are held once for all of them.</summary>
/// <remarks>Made by <see cref="Hypervisor.LoadImageAsync"/>; disposing it, or its hypervisor, frees the pages once no machine maps them.</remarks>
public sealed class GuestImage : IDisposable
{
    private readonly Action<GuestImage> _disposed;

    internal GuestImage(string name, ImagePages pages, Action<GuestImage> disposed)
    {
        Name = name;
        Pages = pages;
        _disposed = disposed;
    }

    /// <summary>A name for messages.</summary>
    public string Name { get; }

    /// <summary>The size in bytes.</summary>
    public ulong Length => Pages.Length;

    internal ImagePages Pages { get; }

    /// <summary>
    /// How a kernel of this kind most likely wants to start: an ELF linked at the start of RAM (0x8000_0000) in M-mode,
    /// anything else in S-mode.
    /// </summary>
    /// <exception cref="MachineException">It is an ELF that cannot be loaded.</exception>
    public StartMode SuggestStartMode() =>
        ElfFile.IsElf(Pages) && ElfFile.Read(Pages).Segments[0].Physical == VirtMemoryMap.Ram ? StartMode.Machine : StartMode.Supervisor;

    /// <summary>Why no machine that starts in this mode could load this as its kernel, or null. How much memory it takes is not asked.</summary>
    public string? FindKernelFault(StartMode mode)
    {
        try
        {
            KernelImage.Read(Pages, mode);
            return null;
        }
        catch (MachineException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>Why no machine could load this as its firmware, or null.</summary>
    public string? FindFirmwareFault() => ElfFile.IsElf(Pages) ? "firmware is a flat binary, not an ELF" : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Dispose();
        _disposed(this);
    }
}
