using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What a request must keep to before a row is read for it.</summary>
internal static class CreateInstancesValidator
{
    public static CloudLabError? Check(CreateInstances request, ControlPlaneOptions options)
    {
        if (request.MinCount < 1 || request.MaxCount > CreateInstances.MaxPerRequest || request.MinCount > request.MaxCount)
            return Invalid($"'minCount' must be 1 to 'maxCount', and that at most {CreateInstances.MaxPerRequest}");
        if (string.IsNullOrEmpty(request.Image)) return Invalid("an image is required");
        if (string.IsNullOrEmpty(request.InstanceType)) return Invalid("an instance type is required");
        if (!Enum.IsDefined(request.ShutdownBehavior)) return Invalid("the shutdown behavior must be stop or terminate");
        if (request.ClientToken is { } token && CheckClientToken(token) is { } invalid) return invalid;
        if (request.UserData.Length > InstanceUserData.MaxLength)
            return Invalid($"user data has at most {InstanceUserData.MaxLength} bytes before its encoding");
        return InstanceTag.Check(request.Tags) ?? ScratchDisk.Check(request.ScratchDisks, options.MaxScratchDiskBytes);
    }

    public static CloudLabError? CheckClientToken(string token) =>
        token.Length is 0 or > ClientRequest.MaxTokenLength || token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? Invalid($"a client token has 1 to {ClientRequest.MaxTokenLength} printable ASCII characters")
            : null;

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
