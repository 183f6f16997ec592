using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;
using CloudLab.Server.Hosting;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>The real guest image, and a hypervisor that has it loaded: one for the assembly, as in a server.</summary>
public sealed class BootImage : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private GuestImage? _kernel;
    private GuestImage? _initramfs;
    private string _initramfsPath = "";
    private string _commandLine = "";

    // In the form that "images export" writes.
    private string Archive => _directory["image.tar"];

    public Hypervisor Hypervisor { get; } = new(new HypervisorOptions());

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        BuiltImage image = await TestGuestImage.GetAsync(cancellationToken);
        _kernel = await LoadAsync(image.KernelPath, cancellationToken);
        _initramfsPath = image.InitramfsPath;
        _initramfs = await LoadAsync(_initramfsPath, cancellationToken);
        _commandLine = image.Manifest.CommandLine;
        Assert.Null(await GuestImageArchive.ExportAsync(image.Directory, Archive, compress: false, cancellationToken));
    }

    /// <summary>A spec that boots this image; tests change what they are about.</summary>
    public MachineSpec Spec(string name) => new()
    {
        Name = name,
        MemorySize = 128UL << 20,
        CpuCap = 8,
        Kernel = _kernel!,
        Initramfs = _initramfs,
        CommandLine = _commandLine,
        Console = new(),
    };

    /// <summary>The initramfs with one program more.</summary>
    public async Task<GuestImage> InitramfsWithAsync(string path, byte[] program)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using var content = new MemoryStream(await GuestFiles.AppendExecutableAsync(_initramfsPath, path, program, cancellationToken));
        return await Hypervisor.LoadImageAsync("initramfs with " + path, content, cancellationToken);
    }

    /// <summary>Puts the image into a server's data directory, as <c>images import</c> does.</summary>
    public async Task ImportAsync(string dataDirectory)
    {
        string target = DataDirectory.ImageDirectoryOf(dataDirectory);
        BuildResult<BuiltImage> imported = await GuestImageArchive.ImportAsync(Archive, target, TestContext.Current.CancellationToken);
        Assert.True(imported.IsOk);
    }

    public async ValueTask DisposeAsync()
    {
        await Hypervisor.DisposeAsync();
        _kernel?.Dispose();
        _initramfs?.Dispose();
        _directory.Dispose();
    }

    private async Task<GuestImage> LoadAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(path);
        return await Hypervisor.LoadImageAsync(Path.GetFileName(path), file, cancellationToken);
    }
}
