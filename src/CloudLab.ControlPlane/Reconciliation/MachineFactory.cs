using System.Text;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices.Virtio.Block;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>Builds the machine that an instance's row describes.</summary>
internal sealed class MachineFactory(
    IDbContextFactory<CloudLabDbContext> contexts,
    Hypervisor hypervisor,
    ImageCache images,
    ScratchStore scratch,
    ControlPlaneOptions options,
    TimeProvider time)
{
    private const string Kernel = "kernel";
    private const string Initramfs = "initramfs";

    // Where a guest finds them: /proc/device-tree/chosen. Names have the vendor in front, as the device tree's own have.
    private const string InstanceIdProperty = "cloudlab,instance-id";
    private const string UserDataProperty = "cloudlab,user-data";

    /// <exception cref="IOException">The blob store or the scratch directory failed; it may work again later.</exception>
    public async Task<MachineResult> CreateAsync(Instance instance, SerialConsole console, CancellationToken cancellationToken)
    {
        if (!InstanceTypeCatalog.TryFind(instance.InstanceType, out InstanceType? type))
            return Refuse(StateReason.InternalError($"this version has no instance type {instance.InstanceType}"));

        (Image image, byte[] userData) = await ReadAsync(instance, cancellationToken).ConfigureAwait(false);
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
            return result = await CreateAsync(instance, type, image, kernel, initramfs, userData, console).ConfigureAwait(false);
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

    private async Task<MachineResult> CreateAsync(
        Instance instance, InstanceType type, Image image, ImageLease kernel, ImageLease? initramfs, byte[] userData, SerialConsole console)
    {
        IReadOnlyList<IBlockBackend> disks = scratch.Open(instance.Id, instance.ScratchDisks);
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
                Chosen = Chosen(instance, userData),
                Disks = disks,
                Console = console,
                WallClock = time,
            });
            return new MachineResult(machine, initramfs is null ? [kernel] : [kernel, initramfs], disks, image.HasAgent, null);
        }
        catch (MachineException refused)
        {
            foreach (IBlockBackend disk in disks) await disk.DisposeAsync().ConfigureAwait(false);
            return Refuse(refused.IsForMemory ? StateReason.InsufficientCapacity(refused.Message) : StateReason.InternalError(refused.Message));
        }
    }

    private static MachineResult Refuse(StateReason reason) => new(null, [], [], false, reason);

    private static Dictionary<string, ReadOnlyMemory<byte>> Chosen(Instance instance, byte[] userData)
    {
        var properties = new Dictionary<string, ReadOnlyMemory<byte>>
        {
            // With the zero that ends a text in a device tree.
            [InstanceIdProperty] = Encoding.ASCII.GetBytes(instance.Id.Value + "\0"),
        };
        if (userData.Length > 0) properties.Add(UserDataProperty, userData);
        return properties;
    }

    private async Task<(Image Image, byte[] UserData)> ReadAsync(Instance instance, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Image image = await db.Images.AsNoTracking().SingleAsync(i => i.Id == instance.ImageId, cancellationToken).ConfigureAwait(false);
        InstanceUserData? data = await db.InstanceUserData.AsNoTracking()
            .SingleOrDefaultAsync(d => d.InstanceId == instance.Id, cancellationToken)
            .ConfigureAwait(false);
        return (image, data?.Content ?? []);
    }
}
