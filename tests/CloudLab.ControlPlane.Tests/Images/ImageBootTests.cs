using System.Buffers.Binary;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Machine;
using CloudLab.Testing;
using Xunit;
using static CloudLab.ControlPlane.Tests.Images.ImageRegistryTests;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Images;

/// <summary>How the files of an image make a machine.</summary>
public sealed class ImageBootTests(SharedPostgres postgres)
{
    // Ends through the test device with code 9.
    private static readonly byte[] Failing = Words(
        0x0010_02B7, // lui   t0, 0x100
        0x0009_3337, // lui   t1, 0x93
        0x3333_0313, // addi  t1, t1, 0x333
        0x0062_A023, // sw    t1, 0(t0)
        0x0000_006F); // j    .

    // Goes to where a flat kernel lies behind firmware.
    private static readonly byte[] Jumping = Words(
        0x0020_0297, // auipc t0, 0x200
        0x0002_8067); // jr    t0

    [Fact]
    public async Task Firmware_starts_in_m_mode_and_enters_the_kernel()
    {
        StateReason reason = await RunAsync(StartMode.Machine, (ImagePart.Firmware, Jumping), (ImagePart.Kernel, Failing));
        Assert.Equal("Client.GuestFailure: the guest ended with exit code 9", reason.Message);
    }

    [Fact]
    public async Task Firmware_alone_has_the_machine_to_itself() =>
        Assert.EndsWith("exit code 9", (await RunAsync(StartMode.Machine, (ImagePart.Firmware, Failing))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_flat_kernel_starts_in_either_mode()
    {
        foreach (StartMode mode in Enum.GetValues<StartMode>())
            Assert.EndsWith("exit code 9", (await RunAsync(mode, (ImagePart.Kernel, Failing))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_the_memory_ends_the_instance_with_a_reason()
    {
        StateReason reason = await RunAsync(StartMode.Supervisor, (ImagePart.Kernel, Failing), (ImagePart.Initramfs, new byte[130 << 20]));
        Assert.Equal("Client.UnusableImage", reason.Code);
        Assert.Contains("MiB of memory", reason.Message, StringComparison.Ordinal);
    }

    private async Task<StateReason> RunAsync(StartMode mode, params (ImagePart Part, byte[] Content)[] files)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres, time: TimeProvider.System);
        await plane.StartHostAsync();
        ImageDetails image = Ok(await plane.Registry.RegisterAsync(plane.Account, new RegisterImage { Name = "toy", StartMode = mode }, Cancel));
        foreach ((ImagePart part, byte[] content) in files) await UploadAsync(plane, image.Id, part, content);
        var request = new CreateInstances { Image = image.Id.Value, InstanceType = "standard.small" };
        InstanceId id = Ok(await plane.Instances.CreateAsync(plane.Account, request, Cancel))[0].Id;
        return (await plane.UntilAsync(id, i => i.State is InstanceState.Stopped or InstanceState.Terminated)).StateReason!;
    }

    private static byte[] Words(params uint[] words)
    {
        byte[] code = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(i * 4), words[i]);
        return code;
    }
}
