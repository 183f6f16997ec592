using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>What an image is made of: the content of its <c>image.json</c>.</summary>
/// <remarks>It holds no date or host name: the same packages give the same bytes.</remarks>
public sealed record GuestImageManifest
{
    /// <summary>The format this code writes and the only one it reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The name of the manifest's own file.</summary>
    public const string FileName = "image.json";

    /// <summary>The name of the kernel's file: an uncompressed riscv64 <c>Image</c>.</summary>
    public const string KernelFile = "kernel";

    /// <summary>The name of the initramfs's file: an uncompressed newc cpio archive.</summary>
    public const string InitramfsFile = "initramfs.cpio";

    /// <summary>A manifest is a page of text.</summary>
    internal const int MaxBytes = 64 << 10;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        // The file is read by people too, and never put into a web page: "+" in a version may stay one.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public required int Format { get; init; }

    /// <summary>The name users start instances by.</summary>
    public required string Name { get; init; }

    /// <summary>Debian's name of the architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>What <c>uname -r</c> says in the guest.</summary>
    public required string KernelRelease { get; init; }

    /// <summary>The kernel command line it starts with unless the instance says otherwise.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The Debian packages it was made from, name to version.</summary>
    public required IReadOnlyDictionary<string, string> Packages { get; init; }

    /// <summary>Its other files, by name.</summary>
    public required IReadOnlyDictionary<string, GuestImageFile> Files { get; init; }

    /// <summary>The bytes of <c>image.json</c>.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <summary>Reads and checks an <c>image.json</c>.</summary>
    public static BuildResult<GuestImageManifest> Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            if (json.Length > MaxBytes || JsonSerializer.Deserialize<GuestImageManifest>(json, Json) is not { } manifest)
                return BuildError.Invalid("The image's manifest is not one.");
            return manifest.Check() is { } error ? error : manifest;
        }
        catch (JsonException e)
        {
            return BuildError.Invalid("The image's manifest is not one.") with { Detail = e.Message };
        }
    }

    private BuildError? Check()
    {
        if (Format != CurrentFormat)
            return BuildError.Invalid($"The image has format {Format}; this version of CloudLab reads {CurrentFormat}.");
        if (Files.Count != 2 || !Files.TryGetValue(KernelFile, out var kernel) || !Files.TryGetValue(InitramfsFile, out var initramfs))
            return BuildError.Invalid("The image's manifest doesn't name a kernel and an initramfs.");
        return kernel.IsSane && initramfs.IsSane
            ? null
            : BuildError.Invalid("The image's manifest gives a file no possible size or checksum.");
    }
}

/// <summary>One file of an image.</summary>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
public sealed record GuestImageFile(long Size, string Sha256)
{
    /// <summary>Far above any kernel or initramfs: it keeps a hostile image from filling a disk.</summary>
    internal const long MaxBytes = 1L << 30;

    [JsonIgnore]
    internal bool IsSane =>
        Size is > 0 and <= MaxBytes && Sha256.Length == 64 && Sha256.All(char.IsAsciiHexDigitLower);
}
