namespace CloudLab.Machine.Boot.Firmware;

/// <summary>The SBI extensions played here, by their ids (SBI specification 2.0).</summary>
internal static class SbiExtension
{
    public const ulong Base = 0x10;
    public const ulong Time = 0x5449_4d45;
    public const ulong Ipi = 0x0073_5049;
    public const ulong RemoteFence = 0x5246_4e43;
    public const ulong HartState = 0x0048_534d;
    public const ulong SystemReset = 0x5352_5354;
    public const ulong DebugConsole = 0x4442_434e;
}
