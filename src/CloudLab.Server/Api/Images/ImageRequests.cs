using System.Text.Json.Serialization;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;

namespace CloudLab.Server.Api.Images;

/// <summary>In which mode a kernel is entered.</summary>
internal enum ImageStartMode
{
    /// <summary>S-mode, with the firmware's calls (SBI) answered by the hypervisor.</summary>
    [JsonStringEnumMemberName("S")]
    Supervisor,

    /// <summary>M-mode: the kernel, or the firmware before it, has the machine to itself.</summary>
    [JsonStringEnumMemberName("M")]
    Machine,
}

/// <summary>A request for a new image. Its files are uploaded afterwards.</summary>
internal sealed record RegisterImageRequest
{
    /// <summary>A label of 1 to 128 characters; several images may have the same.</summary>
    /// <example>my-kernel</example>
    public required string Name { get; init; }

    /// <summary>The guest's instruction set.</summary>
    public Architecture Architecture { get; init; }

    /// <summary>In which mode the kernel is entered.</summary>
    public ImageStartMode StartMode { get; init; }

    /// <summary>The kernel's command line, up to 2048 characters.</summary>
    /// <example>console=ttyS0</example>
    public string CommandLine { get; init; } = "";

    /// <summary>Labels of the image, up to 50.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Makes the request safe to repeat: the same token registers once. 1 to 64 printable ASCII characters.</summary>
    /// <example>null</example>
    public string? ClientToken { get; init; }

    public RegisterImage ToCommand() => new()
    {
        Name = Name,
        Architecture = Architecture,
        StartMode = StartMode == ImageStartMode.Machine ? Machine.StartMode.Machine : Machine.StartMode.Supervisor,
        CommandLine = CommandLine,
        Tags = Tags,
        ClientToken = ClientToken,
    };
}

/// <summary>A request for an image of one's own with the files of another.</summary>
internal sealed record CopyImageRequest
{
    /// <summary>The copy's name; null for the source's.</summary>
    /// <example>my-linux</example>
    public string? Name { get; init; }

    /// <summary>Labels of the copy, up to 50.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Makes the request safe to repeat: the same token copies once. 1 to 64 printable ASCII characters.</summary>
    /// <example>null</example>
    public string? ClientToken { get; init; }

    public CopyImage ToCommand() => new() { Name = Name, Tags = Tags, ClientToken = ClientToken };
}

/// <summary>Who may use an image besides its own account: start instances from it, and copy it.</summary>
internal sealed record ImagePermissions
{
    /// <summary>These accounts, up to 100, by their ids of 12 digits.</summary>
    public required IReadOnlyList<string> Accounts { get; init; }

    /// <summary>Every account.</summary>
    /// <example>false</example>
    public bool Public { get; init; }

    public static ImagePermissions Of(ImageSharing sharing) =>
        new() { Accounts = [.. sharing.Accounts.Select(a => a.Value)], Public = sharing.IsPublic };

    public Result<ImageSharing> ToSharing()
    {
        var accounts = new List<AccountId>();
        foreach (string? text in Accounts)
        {
            if (!AccountId.TryParse(text, out AccountId account))
                return new CloudLabError(ErrorCode.InvalidParameter, "an account's id has 12 digits");
            accounts.Add(account);
        }

        return new ImageSharing(accounts, Public);
    }
}
