using CloudLab.Machine;

namespace CloudLab.Server.Cli;

/// <summary>What <c>machine run</c> was asked for. Files by their paths.</summary>
internal sealed record MachineRun
{
    public required string Kernel { get; init; }

    /// <summary>Null: as the kernel's kind suggests.</summary>
    public StartMode? Mode { get; init; }

    public required int Vcpus { get; init; }

    /// <summary>RAM in bytes.</summary>
    public required ulong Memory { get; init; }

    public string? Firmware { get; init; }

    public string? Initramfs { get; init; }

    /// <summary>The kernel's command line, or null for the machine's default.</summary>
    public string? CommandLine { get; init; }

    /// <summary>How long the machine may run; null for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether counters are shown at the end.</summary>
    public bool ShowsStats { get; init; }
}
