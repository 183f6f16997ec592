using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;

namespace CloudLab.ControlPlane.Images;

/// <summary>The row of an image: what a machine boots.</summary>
public sealed class Image : IVersioned
{
    public const int MaxReasonLength = 1024;

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

    /// <summary>Unique among the built-in images, and in an account.</summary>
    public string Name { get; private set; } = "";

    public Architecture Architecture { get; private set; }

    public ImageState State { get; private set; }

    /// <summary>Why the state is not <see cref="ImageState.Available"/>, or null.</summary>
    public string? StateReason { get; private set; }

    public ImageFile? Kernel { get; private set; }

    public ImageFile? Initramfs { get; private set; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; private set; } = "";

    /// <summary>Whether its guests run the agent, so that the instance check means something.</summary>
    public bool HasAgent { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public long Version { get; set; } = 1;

    /// <summary>New files: from now on instances boot these.</summary>
    internal void Publish(ImageFile kernel, ImageFile? initramfs, string commandLine, bool hasAgent)
    {
        if (State == ImageState.Deregistered) throw new InvalidOperationException($"{Id} is deregistered");
        (Kernel, Initramfs, CommandLine, HasAgent) = (kernel, initramfs, commandLine, hasAgent);
        (State, StateReason) = (ImageState.Available, null);
    }

    /// <summary>No files yet, or no more. Files that are there stay.</summary>
    internal void Withhold(ImageState state, string? reason)
    {
        if (State == ImageState.Deregistered) throw new InvalidOperationException($"{Id} is deregistered");
        State = state;
        StateReason = reason is { Length: > MaxReasonLength } ? reason[..MaxReasonLength] : reason;
    }
}
