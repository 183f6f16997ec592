namespace CloudLab.ControlPlane.Instances;

/// <summary>What the creator left for the guest; apart from the instance's row, so that nothing reads it in passing.</summary>
public sealed class InstanceUserData
{
    /// <summary>As EC2's.</summary>
    public const int MaxLength = 16 << 10;

    public InstanceUserData(InstanceId instanceId, byte[] content)
    {
        InstanceId = instanceId;
        Content = content;
    }

    public InstanceId InstanceId { get; private set; }

    public byte[] Content { get; private set; }
}
