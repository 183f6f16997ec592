namespace CloudLab.Machine.Devices;

/// <summary>The guest's clock, which <c>mtime</c> and the <c>time</c> CSR show.</summary>
internal interface IGuestTime
{
    /// <summary>Ticks of <see cref="VirtMemoryMap.TimebaseFrequency"/> since power-on; stands still while the machine is paused.</summary>
    ulong Ticks { get; }
}
