using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio;

/// <summary>
/// A virtio-mmio slot without a device: magic, version and a device id of 0, which tells a driver to leave it alone
/// (VIRTIO 1.2, 4.2.3.1.1).
/// </summary>
internal sealed class EmptyVirtioSlot : IMmioDevice
{
    public ulong Read(ulong offset, int size) => offset switch
    {
        0x000 => 0x7472_6976,
        0x004 => 2,
        _ => 0,
    };

    public void Write(ulong offset, int size, ulong value)
    {
    }
}
