using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot;

/// <summary>
/// Where things lie in RAM at the start: the kernel near its beginning; at its end the device tree, and the initial RAM
/// file system below that.
/// </summary>
/// <param name="Initramfs">The initial RAM file system's first byte; meaningless without one.</param>
/// <param name="DeviceTree">The device tree's first byte.</param>
internal readonly record struct BootLayout(GuestAddress Initramfs, GuestAddress DeviceTree)
{
    /// <summary>Room for the device tree in bytes, a multiple of the page size; the largest ones take about 8 KiB.</summary>
    public const ulong DeviceTreeRoom = 64 << 10;

    /// <summary>Lays out a machine.</summary>
    /// <exception cref="MachineException">RAM is too small for what is to be loaded.</exception>
    public static BootLayout Plan(ulong memorySize, KernelImage kernel, ImagePages? initramfs, ImagePages? firmware)
    {
        if (firmware is not null && firmware.MappedLength > kernel.LoadOffset)
            throw new MachineException($"the firmware is longer than the {kernel.LoadOffset >> 10} KiB below the kernel");
        ulong initramfsLength = initramfs?.MappedLength ?? 0;
        // The header's numbers are whatever the image's author wrote: 128 bits hold their sum.
        UInt128 needed = (UInt128)kernel.LoadOffset + kernel.Size + initramfsLength + DeviceTreeRoom;
        if (needed > memorySize)
            throw new MachineException(
                $"the kernel and its initial RAM file system need {(needed + (1 << 20) - 1) >> 20} MiB of memory; the machine has {memorySize >> 20} MiB");
        GuestAddress ram = VirtMemoryMap.Ram;
        ulong deviceTree = memorySize - DeviceTreeRoom;
        return new BootLayout(ram.Add(deviceTree - initramfsLength), ram.Add(deviceTree));
    }
}
