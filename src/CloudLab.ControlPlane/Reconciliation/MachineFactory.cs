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
    ImageCache files,
    ScratchStore scratch,
    ControlPlaneOptions options,
    TimeProvider time)
{
    // Where a guest finds them: /proc/device-tree/chosen. Names have the vendor in front, as the device tree's own have.
    private const string InstanceIdProperty = "cloudlab,instance-id";
    private const string UserDataProperty = "cloudlab,user-data";

    /// <exception cref="IOException">The blob store or the scratch directory failed; it may work again later.</exception>
    public async Task<MachineResult> CreateAsync(Instance instance, SerialConsole console, CancellationToken cancellationToken)
    {
        if (!InstanceTypeCatalog.TryFind(instance.InstanceType, out InstanceType? type))
            return Refuse(StateReason.InternalError($"this version has no instance type {instance.InstanceType}"));

        (Image image, byte[] userData) = await ReadAsync(instance, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            MachineResult result = await CreateAsync(instance, type, image, userData, console, cancellationToken).ConfigureAwait(false);
            if (result.Refusal?.Code != StateReason.ImageUnavailableCode) return result;
            // The files may have been replaced between the row and the blob store: then there are newer ones.
            (Image now, userData) = await ReadAsync(instance, cancellationToken).ConfigureAwait(false);
            if (now.Files.SequenceEqual(image.Files)) return result;
            image = now;
        }
    }

    private async Task<MachineResult> CreateAsync(
        Instance instance, InstanceType type, Image image, byte[] userData, SerialConsole console, CancellationToken cancellationToken)
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
            var spec = new MachineSpec
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
                Chosen = Chosen(instance, userData),
                Console = console,
                WallClock = time,
            };
            return result = await CreateAsync(instance, spec, leases, image.HasAgent).ConfigureAwait(false);
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

    private async Task<MachineResult> CreateAsync(Instance instance, MachineSpec spec, List<ImageLease> leases, bool hasAgent)
    {
        IReadOnlyList<IBlockBackend> disks = scratch.Open(instance.Id, instance.ScratchDisks);
        try
        {
            return new MachineResult(hypervisor.Create(spec with { Disks = disks }), leases, disks, hasAgent, null);
        }
        catch (MachineException refused)
        {
            foreach (IBlockBackend disk in disks) await disk.DisposeAsync().ConfigureAwait(false);
            return Refuse(refused.IsForMemory ? StateReason.InsufficientCapacity(refused.Message) : StateReason.UnusableImage(refused.Message));
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
