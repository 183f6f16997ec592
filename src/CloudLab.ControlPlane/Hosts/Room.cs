using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.InstanceTypes;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>What live hosts have left for new instances, each by itself: an instance is on one host.</summary>
internal sealed class Room(IEnumerable<HostShare> hosts)
{
    private readonly HostShare[] _hosts = [.. hosts];

    /// <summary>How many instances of this size there are places for.</summary>
    public int CountFor(HostShare size) => (int)Math.Min(int.MaxValue, _hosts.Sum(host => Places(host, size)));

    /// <summary>Takes off what waits for its placement.</summary>
    public void Take(HostShare size, long count)
    {
        for (int i = 0; i < _hosts.Length && count > 0; i++)
        {
            long here = Math.Min(count, Places(_hosts[i], size));
            _hosts[i] = new HostShare(_hosts[i].Vcpus - here * size.Vcpus, _hosts[i].MemoryBytes - here * size.MemoryBytes);
            count -= here;
        }
    }

    /// <summary>Says that there is no room, and what there is room for.</summary>
    public CloudLabError Refuse(int count, InstanceType type)
    {
        string wanted = count == 1 ? type.Name : $"{count} times {type.Name}";
        string reason = _hosts.Length == 0 ? "no host is alive" : What();
        return new CloudLabError(ErrorCode.InsufficientInstanceCapacity, $"no host has room for {wanted} now: {reason}");
    }

    private string What()
    {
        string fitting = string.Join(", ", InstanceTypeCatalog.All
            .Select(type => (type.Name, Count: CountFor(new HostShare(type.Vcpus, type.MemoryBytes))))
            .Where(type => type.Count > 0)
            .Select(type => $"{type.Count} of {type.Name}"));
        return fitting.Length == 0 ? "nothing fits any more" : $"what fits, of one type alone, is {fitting}";
    }

    // A host that came back with less than before can have less than nothing left.
    private static long Places(HostShare host, HostShare size) => Math.Max(0, host.PlacesFor(size));
}
