using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;

namespace CloudLab.ControlPlane.Images;

/// <summary>What requests about images must keep to before a row is read for them.</summary>
internal static class ImageValidator
{
    public static CloudLabError? Check(RegisterImage request)
    {
        if (CheckName(request.Name) is { } invalid) return invalid;
        if (!Enum.IsDefined(request.Architecture)) return Invalid("the architecture must be riscv64");
        if (!Enum.IsDefined(request.StartMode)) return Invalid("the start mode must be M or S");
        if (request.CommandLine.Length > Image.MaxCommandLineLength || !PlainText.Is(request.CommandLine))
            return Invalid($"a command line has at most {Image.MaxCommandLineLength} characters, none of them a control character");
        return CheckTags(request.Tags) ?? CheckToken(request.ClientToken);
    }

    public static CloudLabError? Check(CopyImage request) =>
        (request.Name is null ? null : CheckName(request.Name)) ?? CheckTags(request.Tags) ?? CheckToken(request.ClientToken);

    private static CloudLabError? CheckName(string name) =>
        name.Length > Image.MaxNameLength || string.IsNullOrWhiteSpace(name) || !PlainText.Is(name)
            ? Invalid($"an image's name has 1 to {Image.MaxNameLength} characters, none of them a control character")
            : null;

    private static CloudLabError? CheckTags(IReadOnlyDictionary<string, string> tags)
    {
        if (tags.Count > InstanceTag.MaxPerInstance) return Invalid($"an image has at most {InstanceTag.MaxPerInstance} tags");
        foreach ((string key, string value) in tags)
        {
            if (key.Length is 0 or > InstanceTag.MaxKeyLength || !PlainText.Is(key))
                return Invalid($"a tag's key has 1 to {InstanceTag.MaxKeyLength} characters, none of them a control character");
            if (value is null || value.Length > InstanceTag.MaxValueLength || !PlainText.Is(value))
                return Invalid($"a tag's value has at most {InstanceTag.MaxValueLength} characters, none of them a control character");
        }

        return null;
    }

    private static CloudLabError? CheckToken(string? token) => token is null ? null : CreateInstancesValidator.CheckClientToken(token);

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
