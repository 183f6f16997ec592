namespace CloudLab.Machine.Devices.Virtio.Console;

/// <summary>Feature bits (virtio 1.3, section 5.3.3).</summary>
internal static class ConsoleFeatures
{
    public const ulong Multiport = 1UL << 1;
}

/// <summary>Queues of a console with two ports (virtio 1.3, section 5.3.2); "receive" is what the driver receives.</summary>
internal static class ConsoleQueue
{
    public const int Port0Receive = 0;
    public const int Port0Transmit = 1;
    public const int ControlReceive = 2;
    public const int ControlTransmit = 3;
    public const int AgentReceive = 4;
    public const int AgentTransmit = 5;
}

/// <summary>Events of control messages (virtio 1.3, section 5.3.6.2).</summary>
internal enum ConsoleEvent : ushort
{
    DeviceReady = 0,
    DeviceAdd = 1,
    DeviceRemove = 2,
    PortReady = 3,
    ConsolePort = 4,
    Resize = 5,
    PortOpen = 6,
    PortName = 7,
}
