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
    IDbContextFactory<CloudLabDbContext> contexts, Hypervisor hypervisor, ImageCache images, ControlPlaneOptions options, TimeProvider time)
{
    private const string Kernel = "kernel";
    private const string Initramfs = "initramfs";

    /// <exception cref="IOException">The blob store failed; it may work again later.</exception>
    public async Task<MachineResult> CreateAsync(Instance instance, SerialConsole console, CancellationToken cancellationToken)
    {
        if (!InstanceTypeCatalog.TryFind(instance.InstanceType, out InstanceType? type))
            return Refuse(StateReason.InternalError($"this version has no instance type {instance.InstanceType}"));

        Image image = await FindImageAsync(instance.ImageId, cancellationToken).ConfigureAwait(false);
        if (image.Kernel is null) return Refuse(StateReason.ImageUnavailable(image.StateReason ?? "the image has no kernel"));
        ImageLease? kernel = await images.LoadAsync(image.Id, Kernel, image.Kernel, cancellationToken).ConfigureAwait(false);
        ImageLease? initramfs = null;
        MachineResult? result = null;
        try
        {
            if (image.Initramfs is not null)
                initramfs = await images.LoadAsync(image.Id, Initramfs, image.Initramfs, cancellationToken).ConfigureAwait(false);
            if (kernel is null || (image.Initramfs is not null && initramfs is null))
                return Refuse(StateReason.ImageUnavailable("a file of the image is missing or damaged"));
            return result = Create(instance, type, image, kernel, initramfs, console);
        }
        finally
        {
            if (result?.Machine is null)
            {
                kernel?.Dispose();
                initramfs?.Dispose();
            }
        }
    }

    private MachineResult Create(
        Instance instance, InstanceType type, Image image, ImageLease kernel, ImageLease? initramfs, SerialConsole console)
    {
        try
        {
            VirtualMachine machine = hypervisor.Create(new MachineSpec
            {
                Name = instance.Id.Value,
                VcpuCount = instance.Vcpus,
                MemorySize = (ulong)instance.MemoryBytes,
                CpuCap = type.EffectiveCpuCap(options.Hypervisor.Workers),
                CpuWeight = type.CpuWeight,
                Kernel = kernel.Image,
                Initramfs = initramfs?.Image,
                CommandLine = image.CommandLine,
                Console = console,
                WallClock = time,
            });
            return new MachineResult(machine, initramfs is null ? [kernel] : [kernel, initramfs], image.HasAgent, null);
        }
        catch (MachineException refused)
        {
            return Refuse(refused.IsForMemory ? StateReason.InsufficientCapacity(refused.Message) : StateReason.InternalError(refused.Message));
        }
    }

    private static MachineResult Refuse(StateReason reason) => new(null, [], false, reason);

    private async Task<Image> FindImageAsync(ImageId id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.Images.AsNoTracking().SingleAsync(i => i.Id == id, cancellationToken).ConfigureAwait(false);
    }
}
