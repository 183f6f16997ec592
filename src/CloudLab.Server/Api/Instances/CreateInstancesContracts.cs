using System.ComponentModel.DataAnnotations;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;

namespace CloudLab.Server.Api.Instances;

/// <summary>A request for new instances, all alike.</summary>
internal sealed record CreateInstancesRequest
{
    // Three bytes are four characters.
    private const int MaxUserDataText = (InstanceUserData.MaxLength + 2) / 3 * 4;

    /// <summary>The image's id, or a built-in image's name.</summary>
    /// <example>cloudlab-linux</example>
    [MaxLength(CreateInstances.MaxImageLength)]
    public required string ImageId { get; init; }

    /// <summary>The instance type's name.</summary>
    /// <example>standard.small</example>
    [MaxLength(CreateInstances.MaxTypeLength)]
    public required string InstanceType { get; init; }

    /// <summary>Exactly so many: short for the same `minCount` and `maxCount`. Default: 1.</summary>
    /// <example>1</example>
    [Range(1, CreateInstances.MaxPerRequest)]
    public int? Count { get; init; }

    /// <summary>How many there must be room for: with less none is created. Default: `maxCount`.</summary>
    [Range(1, CreateInstances.MaxPerRequest)]
    public int? MinCount { get; init; }

    /// <summary>How many are created if there is room. Default: `minCount`.</summary>
    [Range(1, CreateInstances.MaxPerRequest)]
    public int? MaxCount { get; init; }

    /// <summary>Makes the request safe to repeat: the same token creates once. Printable ASCII characters.</summary>
    /// <example>9f1c2b7e-web-1</example>
    [StringLength(ClientRequest.MaxTokenLength, MinimumLength = 1)]
    public string? ClientToken { get; init; }

    /// <summary>What the guest's own poweroff does to the instance.</summary>
    public ShutdownBehavior ShutdownBehavior { get; init; }

    /// <summary>Whether requests to terminate it are refused, until that is changed.</summary>
    /// <example>false</example>
    public bool DisableApiTermination { get; init; }

    /// <summary>Whether requests to stop it are refused, until that is changed.</summary>
    /// <example>false</example>
    public bool DisableApiStop { get; init; }

    /// <summary>Labels.</summary>
    /// <example>{"Name": "web-1"}</example>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>Empty disks that live until the instance stops: `/dev/vda` and so on in the guest.</summary>
    [MaxLength(ScratchDisk.MaxPerInstance)]
    public IReadOnlyList<ScratchDiskView>? ScratchDisks { get; init; }

    /// <summary>
    /// What the guest finds in `/proc/device-tree/chosen/cloudlab,user-data`: at most 16 KiB, in base64. The built-in image
    /// runs it when it begins with `#!`.
    /// </summary>
    /// <example>IyEvYmluL3NoCmVjaG8gaGVsbG8K</example>
    [MaxLength(MaxUserDataText)]
    public byte[]? UserData { get; init; }

    public Result<CreateInstances> ToCommand()
    {
        if (Count is not null && (MinCount is not null || MaxCount is not null))
            return new CloudLabError(ErrorCode.InvalidParameter, "'count' stands for 'minCount' and 'maxCount': give it or those");
        return new CreateInstances
        {
            Image = ImageId,
            InstanceType = InstanceType,
            MinCount = Count ?? MinCount ?? MaxCount ?? 1,
            MaxCount = Count ?? MaxCount ?? MinCount ?? 1,
            ClientToken = ClientToken,
            ShutdownBehavior = ShutdownBehavior,
            DisableApiTermination = DisableApiTermination,
            DisableApiStop = DisableApiStop,
            Tags = Tags ?? new Dictionary<string, string>(),
            ScratchDisks = [.. (ScratchDisks ?? []).Select(disk => disk.SizeBytes)],
            UserData = UserData,
        };
    }
}

/// <summary>A disk that lives as long as the instance runs.</summary>
internal sealed record ScratchDiskView
{
    /// <summary>The size in bytes: a multiple of 1 MiB, up to what the operator allows (64 GiB by default).</summary>
    /// <example>1073741824</example>
    [Range(ScratchDisk.MinBytes, long.MaxValue)]
    public required long SizeBytes { get; init; }
}

/// <summary>What was created.</summary>
internal sealed record CreateInstancesResponse
{
    /// <summary>The new instances; on a repeated client token those that it created before.</summary>
    public required IReadOnlyList<InstanceView> Instances { get; init; }
}
