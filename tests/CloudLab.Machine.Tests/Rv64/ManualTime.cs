using CloudLab.Machine.Devices;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>A guest clock that stands where a test puts it.</summary>
internal sealed class ManualTime : IGuestTime
{
    public ulong Ticks { get; set; }
}
