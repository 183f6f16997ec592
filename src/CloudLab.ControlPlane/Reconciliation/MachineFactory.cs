using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>Builds the machine that an instance's row describes.</summary>
internal sealed class MachineFactory(
    IDbContextFactory<CloudLabDbContext> contexts, Hypervisor hypervisor, ImageCache files, ControlPlaneOptions options, TimeProvider time)
{
    /// <exception cref="IOException">The blob store failed; it may work again later.</exception>
    public async Task<MachineResult> CreateAsync(Instance instance, SerialConsole console, CancellationToken cancellationToken)
    {
        if (!InstanceTypeCatalog.TryFind(instance.InstanceType, out InstanceType? type))
            return Refuse(StateReason.InternalError($"this version has no instance type {instance.InstanceType}"));

        Image image = await FindImageAsync(instance.ImageId, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            MachineResult result = await CreateAsync(instance, type, image, console, cancellationToken).ConfigureAwait(false);
            if (result.Refusal?.Code != StateReason.ImageUnavailableCode) return result;
            // The files may have been replaced between the row and the blob store: then there are newer ones.
            Image now = await FindImageAsync(instance.ImageId, cancellationToken).ConfigureAwait(false);
            if (now.Files.SequenceEqual(image.Files)) return result;
            image = now;
        }
    }

    private async Task<MachineResult> CreateAsync(
        Instance instance, InstanceType type, Image image, SerialConsole console, CancellationToken cancellationToken)
    {
        // Firmware without a kernel has the machine to itself, as any program that starts in M-mode.
        ImageFile? kernelFile = image.Kernel ?? image.Firmware;
        ImageFile? firmwareFile = image.Kernel is null ? null : image.Firmware;
        if (kernelFile is null) return Refuse(StateReason.ImageUnavailable(image.StateReason ?? "the image has no kernel"));
        List<ImageLease> leases = [];
        MachineResult? result = null;
        try
        {
            GuestImage? kernel = await LoadAsync(kernelFile).ConfigureAwait(false);
            GuestImage? firmware = await LoadAsync(firmwareFile).ConfigureAwait(false);
            GuestImage? initramfs = await LoadAsync(image.Initramfs).ConfigureAwait(false);
            if (kernel is null || (firmware is null && firmwareFile is not null) || (initramfs is null && image.Initramfs is not null))
                return Refuse(StateReason.ImageUnavailable("a file of the image is missing or damaged"));
            return result = Create(
                new MachineSpec
                {
                    Name = instance.Id.Value,
                    VcpuCount = instance.Vcpus,
                    MemorySize = (ulong)instance.MemoryBytes,
                    CpuCap = type.EffectiveCpuCap(options.Hypervisor.Workers),
                    CpuWeight = type.CpuWeight,
                    Kernel = kernel,
                    // With firmware before it, it is the firmware that starts in M-mode and enters the kernel as it likes.
                    StartMode = firmware is null ? image.StartMode : StartMode.Supervisor,
                    Firmware = firmware,
                    Initramfs = initramfs,
                    CommandLine = image.CommandLine,
                    Console = console,
                    WallClock = time,
                },
                leases, image.HasAgent);
        }
        finally
        {
            if (result?.Machine is null)
                foreach (ImageLease lease in leases)
                    lease.Dispose();
        }

        async Task<GuestImage?> LoadAsync(ImageFile? file)
        {
            if (file is null) return null;
            ImageLease? lease = await files.LoadAsync(file, cancellationToken).ConfigureAwait(false);
            if (lease is not null) leases.Add(lease);
            return lease?.Image;
        }
    }

    private MachineResult Create(MachineSpec spec, List<ImageLease> leases, bool hasAgent)
    {
        try
        {
            return new MachineResult(hypervisor.Create(spec), leases, hasAgent, null);
        }
        catch (MachineException refused)
        {
            return Refuse(refused.IsForMemory ? StateReason.InsufficientCapacity(refused.Message) : StateReason.UnusableImage(refused.Message));
        }
    }

    private static MachineResult Refuse(StateReason reason) => new(null, [], false, reason);

    private async Task<Image> FindImageAsync(ImageId id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.Images.AsNoTracking().SingleAsync(i => i.Id == id, cancellationToken).ConfigureAwait(false);
    }
}
