using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Machine;

namespace CloudLab.ControlPlane.Images;

/// <summary>The row of an image: what a machine boots.</summary>
/// <code>
///  pending ──▶ available ──▶ deregistered ──▶ (row removed with its last instance)
///     ▲            │
///     └─ unavailable (built-in images only)
/// </code>
public sealed class Image : IVersioned
{
    public const int MaxReasonLength = 1024;
    public const int MaxNameLength = 128;

    /// <summary>What Linux keeps of a command line on RISC-V (COMMAND_LINE_SIZE), and then some.</summary>
    public const int MaxCommandLineLength = 2048;

    private Image()
    {
    }

    /// <summary>A built-in image, of no account, whose files are still to come.</summary>
    public Image(string name, Architecture architecture, DateTimeOffset createdAt)
    {
        Id = ImageId.New();
        Name = name;
        Architecture = architecture;
        CreatedAt = createdAt;
    }

    public ImageId Id { get; private set; }

    /// <summary>Null for a built-in image, which every account may use.</summary>
    public AccountId? AccountId { get; private set; }

    /// <summary>Unique among the built-in images, which answer to it; a mere label of an account's own.</summary>
    public string Name { get; private set; } = "";

    public Architecture Architecture { get; private set; }

    public ImageState State { get; private set; }

    /// <summary>Why the state is not <see cref="ImageState.Available"/>, or null.</summary>
    public string? StateReason { get; private set; }

    /// <summary>In which mode the kernel is entered when there is no firmware before it.</summary>
    public StartMode StartMode { get; private set; }

    public ImageFile? Kernel { get; private set; }

    public ImageFile? Firmware { get; private set; }

    public ImageFile? Initramfs { get; private set; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; private set; } = "";

    /// <summary>Whether its guests run the agent, so that the instance check means something.</summary>
    public bool HasAgent { get; private set; }

    /// <summary>Whether every account may use it.</summary>
    public bool IsPublic { get; private set; }

    /// <summary>The accounts that may use it besides its own.</summary>
    public List<ImagePermission> Permissions { get; private set; } = [];

    public List<ImageTag> Tags { get; private set; } = [];

    /// <summary>The client token of the request that made it, or null.</summary>
    public string? ClientToken { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? DeregisteredAt { get; private set; }

    public long Version { get; set; } = 1;

    /// <summary>All files there are.</summary>
    internal IEnumerable<ImageFile> Files => ((ImageFile?[])[Kernel, Firmware, Initramfs]).OfType<ImageFile>();

    /// <summary>An account's image whose files are still to come.</summary>
    internal static Image Register(AccountId account, RegisterImage request, DateTimeOffset now)
    {
        var image = new Image(request.Name, request.Architecture, now)
        {
            AccountId = account,
            StartMode = request.StartMode,
            CommandLine = request.CommandLine,
            ClientToken = request.ClientToken,
            Tags = [.. request.Tags.Select(tag => new ImageTag(tag.Key, tag.Value))],
        };
        image.Settle();
        return image;
    }

    /// <summary>An account's own image with the same files, which belong to both from now on.</summary>
    internal Image CopyFor(AccountId account, CopyImage request, DateTimeOffset now) => new(request.Name ?? Name, Architecture, now)
    {
        AccountId = account,
        State = State,
        StateReason = StateReason,
        StartMode = StartMode,
        // An owned row has one owner: the copy gets values of its own.
        Kernel = Kernel is null ? null : Kernel with { },
        Firmware = Firmware is null ? null : Firmware with { },
        Initramfs = Initramfs is null ? null : Initramfs with { },
        CommandLine = CommandLine,
        HasAgent = HasAgent,
        ClientToken = request.ClientToken,
        Tags = [.. request.Tags.Select(tag => new ImageTag(tag.Key, tag.Value))],
    };

    /// <summary>A file that was uploaded: instances boot it from their next start on.</summary>
    /// <returns>The file that it replaces, or null.</returns>
    internal ImageFile? Attach(ImagePart part, ImageFile file)
    {
        RequireRegistered();
        ImageFile? before;
        switch (part)
        {
            case ImagePart.Kernel:
                (before, Kernel) = (Kernel, file);
                break;
            case ImagePart.Firmware:
                (before, Firmware) = (Firmware, file);
                break;
            case ImagePart.Initramfs:
                (before, Initramfs) = (Initramfs, file);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(part), part, null);
        }

        Settle();
        return before;
    }

    /// <summary>New files of a built-in image: from now on instances boot these.</summary>
    internal void Publish(ImageFile kernel, ImageFile? initramfs, string commandLine, bool hasAgent)
    {
        RequireRegistered();
        (Kernel, Initramfs, CommandLine, HasAgent) = (kernel, initramfs, commandLine, hasAgent);
        Settle();
    }

    /// <summary>No files yet, or no more. Files that are there stay.</summary>
    internal void Withhold(ImageState state, string? reason)
    {
        RequireRegistered();
        State = state;
        StateReason = reason is { Length: > MaxReasonLength } ? reason[..MaxReasonLength] : reason;
    }

    /// <summary>Says who may use it besides its own account, in place of what was said before.</summary>
    internal void Share(IReadOnlyCollection<AccountId> accounts, bool isPublic)
    {
        RequireRegistered();
        Permissions.RemoveAll(permission => !accounts.Contains(permission.AccountId));
        foreach (AccountId account in accounts)
            if (!Permissions.Exists(permission => permission.AccountId == account))
                Permissions.Add(new ImagePermission(account));
        IsPublic = isPublic;
    }

    /// <summary>Nothing new starts from it. Its files stay for the instances that there are.</summary>
    internal void Deregister(DateTimeOffset now)
    {
        RequireRegistered();
        (State, StateReason, DeregisteredAt) = (ImageState.Deregistered, null, now);
        Permissions.Clear();
        IsPublic = false;
    }

    /// <summary>The last instance that could need the files of a deregistered image has gone.</summary>
    /// <returns>The files, which are not its own any more.</returns>
    internal ImageFile[] Discard()
    {
        if (State != ImageState.Deregistered) throw new InvalidOperationException($"{Id} is not deregistered");
        ImageFile[] files = [.. Files];
        (Kernel, Firmware, Initramfs) = (null, null, null);
        return files;
    }

    // Firmware alone has the machine to itself, as any program in M-mode: U-Boot is one.
    private void Settle()
    {
        bool isWhole = Kernel is not null || (StartMode == StartMode.Machine && Firmware is not null);
        State = isWhole ? ImageState.Available : ImageState.Pending;
        StateReason = (isWhole, StartMode) switch
        {
            (true, _) => null,
            (false, StartMode.Machine) => "its kernel or firmware is still to be uploaded",
            (false, StartMode.Supervisor) => "its kernel is still to be uploaded",
        };
    }

    private void RequireRegistered()
    {
        if (State == ImageState.Deregistered) throw new InvalidOperationException($"{Id} is deregistered");
    }
}
