namespace CloudLab.Machine.Devices.Virtio.Input;

/// <summary>What an <see cref="InputDevice"/> remembers beside its queues.</summary>
internal sealed class InputState
{
    /// <summary>The most events that wait for buffers of the guest.</summary>
    public const int Capacity = 64;

    /// <summary>The configuration that the driver selected.</summary>
    public byte Select { get; set; }

    public byte Subselect { get; set; }

    /// <summary>Events for the guest, oldest first.</summary>
    public Queue<InputRequest> Events { get; } = new();

    public void Clear()
    {
        Select = Subselect = 0;
        Events.Clear();
    }
}
