namespace CloudLab.ControlPlane.Instances;

/// <summary>A change of the state that the account sees. The last <see cref="MaxPerInstance"/> of an instance are kept.</summary>
public sealed class InstanceTransition
{
    public const int MaxPerInstance = 100;

    public InstanceTransition(
        InstanceId instanceId, int sequence, DateTimeOffset at, InstanceState from, InstanceState to, string? reasonCode, string? reasonMessage)
    {
        InstanceId = instanceId;
        Sequence = sequence;
        At = at;
        From = from;
        To = to;
        ReasonCode = reasonCode;
        ReasonMessage = reasonMessage;
    }

    public InstanceId InstanceId { get; private set; }

    /// <summary>1 for the instance's first change; a step of 1 for each that follows.</summary>
    public int Sequence { get; private set; }

    public DateTimeOffset At { get; private set; }

    public InstanceState From { get; private set; }

    public InstanceState To { get; private set; }

    public string? ReasonCode { get; private set; }

    public string? ReasonMessage { get; private set; }
}
