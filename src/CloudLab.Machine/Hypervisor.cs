using CloudLab.Machine.Memory;

namespace CloudLab.Machine;

/// <summary>One per process: owns the vCPU workers, the memory budget and the shared image pages; creates machines.</summary>
public sealed class Hypervisor : IAsyncDisposable
{
    public Hypervisor(HypervisorOptions options) => Options = options;

    public HypervisorOptions Options { get; }

    /// <summary>Bytes of guest RAM promised to machines that exist.</summary>
    public ulong MemoryInUse { get; }

    /// <summary>Reads an image to its end and keeps it for machines to boot from.</summary>
    public static async Task<GuestImage> LoadImageAsync(string name, Stream source, CancellationToken cancellationToken) =>
        new(name, await ImagePages.LoadAsync(name, source, cancellationToken).ConfigureAwait(false));

    /// <summary>Builds a machine without starting it; its memory is admitted against the budget first.</summary>
    /// <exception cref="MachineException">The budget has no room, or the spec is out of its documented ranges.</exception>
    public VirtualMachine Create(MachineSpec spec) => throw new NotImplementedException(spec.Name);

    /// <summary>Stops and disposes of every machine, then ends the workers.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
