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

    /// <summary>The guest's instruction set.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Whether instances can start from it.</summary>
    public required ImageState State { get; init; }

    /// <summary>Why it is not available, or how far it is; null when it is available.</summary>
    /// <example>null</example>
    public required string? StateReason { get; init; }

    /// <summary>The kernel, once it is there.</summary>
    public required ImageFileView? Kernel { get; init; }

    /// <summary>The initial RAM file system, if it has one.</summary>
    public required ImageFileView? Initramfs { get; init; }

    /// <summary>The kernel's command line.</summary>
    /// <example>console=ttyS0 quiet</example>
    public required string CommandLine { get; init; }

    /// <summary>Whether its guests answer the instance check.</summary>
    /// <example>true</example>
    public required bool HasAgent { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public static ImageView Of(ImageDetails image) => new()
    {
        ImageId = image.Id.Value,
        Name = image.Name,
        BuiltIn = image.IsBuiltIn,
        Architecture = image.Architecture,
        State = image.State,
        StateReason = image.StateReason,
        Kernel = ImageFileView.Of(image.Kernel),
        Initramfs = ImageFileView.Of(image.Initramfs),
        CommandLine = image.CommandLine,
        HasAgent = image.HasAgent,
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

/// <summary>The images that the caller may use.</summary>
internal sealed record ImageList
{
    /// <summary>By name.</summary>
    public required IReadOnlyList<ImageView> Images { get; init; }
}
