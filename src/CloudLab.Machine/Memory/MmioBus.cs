using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Machine.Memory;

/// <summary>Which device answers at which guest-physical address. Filled before the machine starts, then read only.</summary>
internal sealed class MmioBus
{
    private Region[] _regions = [];

    /// <summary>Places a device; ranges do not overlap.</summary>
    public void Map(GuestAddress start, ulong length, DeviceKind kind, IMmioDevice device)
    {
        if (_regions.Any(r => start.Value < r.Start + r.Length && r.Start < start.Value + length))
            throw new ArgumentException($"the range at {start} is taken", nameof(start));
        _regions = [.. _regions.Append(new Region(start.Value, length, kind, device)).OrderBy(r => r.Start)];
    }

    /// <summary>The device that owns all <paramref name="size"/> bytes at <paramref name="address"/>, and its kind; else it is unmapped.</summary>
    public bool TryFind(ulong address, int size, [NotNullWhen(true)] out IMmioDevice? device, out DeviceKind kind, out ulong offset)
    {
        foreach (Region region in _regions)
        {
            offset = unchecked(address - region.Start);
            if (offset >= region.Length) continue;
            if ((ulong)size > region.Length - offset) break;
            device = region.Device;
            kind = region.Kind;
            return true;
        }

        device = null;
        kind = DeviceKind.Unmapped;
        offset = 0;
        return false;
    }

    private readonly record struct Region(ulong Start, ulong Length, DeviceKind Kind, IMmioDevice Device);
}
