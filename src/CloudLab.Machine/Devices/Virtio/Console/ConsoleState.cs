namespace CloudLab.Machine.Devices.Virtio.Console;

/// <summary>What a <see cref="ConsoleDevice"/> remembers beside its queues.</summary>
internal sealed class ConsoleState
{
    /// <summary>The most bytes that wait for the guest.</summary>
    public const int OutgoingCapacity = 64 * 1024;

    /// <summary>The most control messages that wait for the guest: a sound driver lets no more than four.</summary>
    public const int ControlCapacity = 16;

    /// <summary>The guest has the agent's port open.</summary>
    public bool Open { get; set; }

    /// <summary>Control messages for the guest, oldest first.</summary>
    public Queue<byte[]> Control { get; } = new();

    /// <summary>Bytes for the guest's agent, oldest first.</summary>
    public Queue<byte> Outgoing { get; } = new();

    public void Clear()
    {
        Open = false;
        Control.Clear();
        Outgoing.Clear();
    }
}
