using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What a request must keep to before a row is read for it.</summary>
internal static class CreateInstancesValidator
{
    public static CloudLabError? Check(CreateInstances request)
    {
        if (request.Count is < 1 or > CreateInstances.MaxCount)
            return Invalid($"the count must be 1 to {CreateInstances.MaxCount}");
        if (string.IsNullOrEmpty(request.Image)) return Invalid("an image is required");
        if (string.IsNullOrEmpty(request.InstanceType)) return Invalid("an instance type is required");
        if (!Enum.IsDefined(request.ShutdownBehavior)) return Invalid("the shutdown behavior must be stop or terminate");
        if (request.ClientToken is { } token && CheckClientToken(token) is { } invalid) return invalid;
        if (request.Tags.Count > InstanceTag.MaxPerInstance)
            return Invalid($"an instance has at most {InstanceTag.MaxPerInstance} tags");
        foreach ((string key, string value) in request.Tags)
        {
            if (key.Length is 0 or > InstanceTag.MaxKeyLength || !PlainText.Is(key))
                return Invalid($"a tag's key has 1 to {InstanceTag.MaxKeyLength} characters, none of them a control character");
            if (value is null || value.Length > InstanceTag.MaxValueLength || !PlainText.Is(value))
                return Invalid($"a tag's value has at most {InstanceTag.MaxValueLength} characters, none of them a control character");
        }

        return null;
    }

    public static CloudLabError? CheckClientToken(string token) =>
        token.Length is 0 or > ClientRequest.MaxTokenLength || token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? Invalid($"a client token has 1 to {ClientRequest.MaxTokenLength} printable ASCII characters")
            : null;

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
