using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;

namespace CloudLab.Server.Api.Images;

/// <summary>What instances boot from.</summary>
internal sealed record ImageView
{
    /// <summary>The image's id. A built-in image also answers to its name.</summary>
    /// <example>ami-0123456789abcdef0</example>
    public required string ImageId { get; init; }

    /// <summary>The image's name.</summary>
    /// <example>cloudlab-linux</example>
    public required string Name { get; init; }

    /// <summary>Whether it comes with CloudLab.</summary>
    /// <example>true</example>
    public required bool BuiltIn { get; init; }

    /// <summary>The account that it belongs to; null for a built-in image.</summary>
    /// <example>null</example>
    public required string? OwnerId { get; init; }

    /// <summary>The guest's instruction set.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Whether instances can start from it.</summary>
    public required ImageState State { get; init; }

    /// <summary>Why it is not available, or how far it is; null when it is available.</summary>
    /// <example>null</example>
    public required string? StateReason { get; init; }

    /// <summary>In which mode the kernel is entered when there is no firmware before it.</summary>
    public required ImageStartMode StartMode { get; init; }

    /// <summary>The kernel, once it is there.</summary>
    public required ImageFileView? Kernel { get; init; }

    /// <summary>The firmware that starts in M-mode before the kernel, if it has some.</summary>
    public required ImageFileView? Firmware { get; init; }

    /// <summary>The initial RAM file system, if it has one.</summary>
    public required ImageFileView? Initramfs { get; init; }

    /// <summary>The kernel's command line.</summary>
    /// <example>console=ttyS0 quiet</example>
    public required string CommandLine { get; init; }

    /// <summary>Whether its guests answer the instance check.</summary>
    /// <example>true</example>
    public required bool HasAgent { get; init; }

    /// <summary>Who else may use it; null for all but its owner.</summary>
    public required ImagePermissions? Permissions { get; init; }

    /// <summary>The owner's labels.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public static ImageView Of(ImageDetails image) => new()
    {
        ImageId = image.Id.Value,
        Name = image.Name,
        BuiltIn = image.IsBuiltIn,
        OwnerId = image.Owner?.Value,
        Architecture = image.Architecture,
        State = image.State,
        StateReason = image.StateReason,
        StartMode = image.StartMode == Machine.StartMode.Machine ? ImageStartMode.Machine : ImageStartMode.Supervisor,
        Kernel = ImageFileView.Of(image.Kernel),
        Firmware = ImageFileView.Of(image.Firmware),
        Initramfs = ImageFileView.Of(image.Initramfs),
        CommandLine = image.CommandLine,
        HasAgent = image.HasAgent,
        Permissions = image.Sharing is null ? null : ImagePermissions.Of(image.Sharing),
        Tags = image.Tags.ToDictionary(),
        CreatedAt = image.CreatedAt,
    };
}

/// <summary>A part of an image.</summary>
internal sealed record ImageFileView
{
    /// <summary>The size in bytes.</summary>
    /// <example>31165952</example>
    public required long Bytes { get; init; }

    /// <summary>The SHA-256 of the content in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    public static ImageFileView? Of(ImageFile? file) => file is null ? null : new() { Bytes = file.Bytes, Sha256 = file.Sha256 };
}

/// <summary>A file that was stored.</summary>
internal sealed record ImageUploadView
{
    /// <summary>The image's id.</summary>
    /// <example>ami-0123456789abcdef0</example>
    public required string ImageId { get; init; }

    /// <summary>Which of the image's files it is.</summary>
    public required ImagePart Part { get; init; }

    /// <summary>The size in bytes.</summary>
    /// <example>4096</example>
    public required long Bytes { get; init; }

    /// <summary>The SHA-256 of the content in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The image's state with it.</summary>
    public required ImageState State { get; init; }

    public static ImageUploadView Of(ImageUpload upload) => new()
    {
        ImageId = upload.Image.Id.Value,
        Part = upload.Part,
        Bytes = upload.File.Bytes,
        Sha256 = upload.File.Sha256,
        State = upload.Image.State,
    };
}

/// <summary>The images that the caller may use.</summary>
internal sealed record ImageList
{
    /// <summary>By name, and then by id.</summary>
    public required IReadOnlyList<ImageView> Images { get; init; }

    /// <summary>Asks for the page after this one; null on the last page.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}
