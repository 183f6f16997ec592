using CloudLab.Machine.Boot.Elf;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64.Interpreter;
using CloudLab.Machine.Scheduling;
using CloudLab.Machine.State;

namespace CloudLab.Machine;

/// <summary>One per process: owns the vCPU workers, the memory budget and the shared image pages; creates machines.</summary>
/// <remarks>All methods may be called from any thread.</remarks>
public sealed class Hypervisor : IAsyncDisposable
{
    private const ulong SmallestMemory = 64UL << 20;
    private const ulong MemoryGranule = 2UL << 20;
    private const int MostVcpus = 8;
    private const int MostDisks = 4;

    private readonly Lock _lock = new();
    private readonly HashSet<VirtualMachine> _machines = [];
    private readonly HashSet<GuestImage> _images = [];
    private readonly VcpuScheduler _scheduler;
    private readonly MemoryBudget? _budget;
    private ulong _memoryInUse;
    private bool _isDisposed;

    /// <exception cref="PlatformNotSupportedException">The runtime or the host cannot run the interpreter.</exception>
    public Hypervisor(HypervisorOptions options)
    {
        TailCallCheck.Run();
        Options = options;
        _scheduler = new VcpuScheduler(options.Workers);
        // Where no more is promised than there is, the promise itself is what is counted.
        _budget = options.MemoryOvercommit > 1 ? new MemoryBudget(options.MemoryBudget) : null;
    }

    /// <summary>What it was made with.</summary>
    public HypervisorOptions Options { get; }

    /// <summary>Bytes of guest RAM promised to machines that exist.</summary>
    public ulong MemoryInUse
    {
        get
        {
            lock (_lock) return _memoryInUse;
        }
    }

    /// <summary>
    /// Bytes of the budget that are taken: with overcommitment what guests have written to, in chunks of 64 KiB, else all
    /// that is promised.
    /// </summary>
    public ulong MemoryHandedOut => _budget?.Used ?? MemoryInUse;

    /// <summary>Reads an image to its end and keeps its pages for machines to boot from, until it is disposed of or this is.</summary>
    /// <exception cref="IOException">The host has no memory for it, or the source failed.</exception>
    public async Task<GuestImage> LoadImageAsync(string name, Stream source, CancellationToken cancellationToken)
    {
        ImagePages pages = await ImagePages.LoadAsync(name, source, cancellationToken).ConfigureAwait(false);
        var image = new GuestImage(name, pages, Forget);
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _images.Add(image);
                return image;
            }
        }

        image.Dispose();
        throw new ObjectDisposedException(nameof(Hypervisor));
    }

    /// <summary>
    /// Builds a machine without starting it; its RAM is admitted first: against the budget, or with overcommitment against
    /// what may be promised, and what loading it writes against the budget.
    /// </summary>
    /// <exception cref="MachineException">There is no room, or the spec is out of its documented ranges.</exception>
    public VirtualMachine Create(MachineSpec spec)
    {
        Validate(spec);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ulong free = Options.PromisedMemory - _memoryInUse;
            if (spec.MemorySize > free)
                throw new MachineException(
                    $"no room for {spec.MemorySize >> 20} MiB of guest memory: {free >> 20} MiB of {Options.PromisedMemory >> 20} MiB are free")
                {
                    IsForMemory = true,
                };
            _memoryInUse += spec.MemorySize;
        }

        MemoryAccount? account = _budget is null ? null : new MemoryAccount(_budget, spec.MemorySize);
        try
        {
            return Keep(new VirtualMachine(spec, _scheduler, Options, account, Release));
        }
        catch
        {
            account?.Return(withKept: true);
            lock (_lock) _memoryInUse -= spec.MemorySize;
            throw;
        }
    }

    /// <summary>
    /// Builds a machine from what <see cref="VirtualMachine.SaveAsync"/> wrote; it is Paused, and goes on by
    /// <see cref="VirtualMachine.ResumeAsync"/>. Its clock goes on from where it stood, its real-time clock follows the wall
    /// clock.
    /// </summary>
    /// <param name="spec">
    /// As the saved machine's in vCPUs, memory, disks and whether it has firmware; the rest may differ. The disks hold what
    /// they held when the machine was saved. Kernel and the like are what a reset of the machine boots.
    /// </param>
    /// <param name="state">Read to its end, and trusted in nothing.</param>
    /// <param name="ramFile">
    /// Read once to verify its checksums, then mapped copy-on-write: any number of machines can be restored from one file
    /// and share its pages. It may be removed but not changed while they live.
    /// </param>
    /// <param name="pluggedDisks">
    /// The disks that <see cref="VirtualMachine.AttachDiskAsync"/> had plugged in when the machine was saved, by their numbers:
    /// exactly these, with the same id, size, sector size and mode. The caller keeps owning them.
    /// </param>
    /// <exception cref="MachineException">
    /// State or RAM file is damaged, or of another machine than the spec's and the disks', or <see cref="Create"/> refused the spec.
    /// </exception>
    /// <exception cref="IOException">The stream or the RAM file failed.</exception>
    public async Task<VirtualMachine> RestoreAsync(
        MachineSpec spec,
        Stream state,
        string ramFile,
        IReadOnlyDictionary<int, IBlockBackend> pluggedDisks,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pluggedDisks);
        MachineStateReader reader = await MachineStateReader.ReadAsync(state, cancellationToken).ConfigureAwait(false);
        VirtualMachine machine = Create(spec);
        try
        {
            await machine.RestoreAsync(reader, pluggedDisks, ramFile, cancellationToken).ConfigureAwait(false);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>As the other, of a machine into which no disk was plugged.</summary>
    public Task<VirtualMachine> RestoreAsync(MachineSpec spec, Stream state, string ramFile, CancellationToken cancellationToken) =>
        RestoreAsync(spec, state, ramFile, new Dictionary<int, IBlockBackend>(), cancellationToken);

    /// <summary>Stops and disposes of every machine, then ends the workers and frees the images.</summary>
    public async ValueTask DisposeAsync()
    {
        VirtualMachine[] machines;
        GuestImage[] images;
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            machines = [.. _machines];
            images = [.. _images];
        }

        foreach (VirtualMachine machine in machines) await machine.DisposeAsync().ConfigureAwait(false);
        _scheduler.Dispose();
        foreach (GuestImage image in images) image.Dispose();
    }

    /// <summary>Owns a new machine, unless the hypervisor was disposed of while it was being built.</summary>
    private VirtualMachine Keep(VirtualMachine machine)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _machines.Add(machine);
                return machine;
            }
        }

        // Nothing ran yet, so there is nothing to wait for.
        _ = machine.DisposeAsync().AsTask();
        throw new ObjectDisposedException(nameof(Hypervisor));
    }

    private void Forget(GuestImage image)
    {
        lock (_lock) _images.Remove(image);
    }

    private void Release(VirtualMachine machine)
    {
        lock (_lock)
        {
            if (_machines.Remove(machine)) _memoryInUse -= machine.Spec.MemorySize;
        }
    }

    private static void Validate(MachineSpec spec)
    {
        Check(spec.VcpuCount is >= 1 and <= MostVcpus, $"a machine has 1 to {MostVcpus} vCPUs, not {spec.VcpuCount}");
        Check(spec.MemorySize >= SmallestMemory && spec.MemorySize % MemoryGranule == 0, "memory is a multiple of 2 MiB, at least 64 MiB");
        Check(
            spec.Firmware is null || spec.StartMode == StartMode.Supervisor,
            "a kernel that starts in M-mode takes the place of firmware: it cannot have one");
        Check(spec.Firmware is null || !ElfFile.IsElf(spec.Firmware.Pages), "firmware is a flat binary, not an ELF");
        Check(spec.CpuCap > 0 && double.IsFinite(spec.CpuCap), "the CPU cap is a positive number of cores");
        Check(spec.CpuWeight > 0, "the CPU weight is positive");
        Check(
            spec.Chosen.Sum(property => property.Key.Length + property.Value.Length) <= MachineSpec.MaxChosenBytes,
            $"the properties of the device tree's chosen node take at most {MachineSpec.MaxChosenBytes} bytes");
        Check(spec.Disks.Count <= MostDisks, $"a machine has at most {MostDisks} disks");

        static void Check(bool holds, string message)
        {
            if (!holds) throw new MachineException(message);
        }
    }
}
