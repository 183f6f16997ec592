using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Machine;
using Microsoft.Extensions.Options;

namespace CloudLab.ControlPlane;

/// <summary>How the control plane of this process works. Checked at start.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>
    /// This host's name among those that share the database. Two processes never have one name at a time: whoever
    /// starts with a name takes over what it owned. Default: the machine's name.
    /// </summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>What this host's machines may use, and how much more memory than that they may be promised.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>
    /// How many vCPUs placement promises for each of the hypervisor's workers. Caps and weights share out what they get.
    /// Default 16, as OpenStack's scheduler long had it: most guests idle, and if all work at once each still gets on.
    /// </summary>
    public double VcpuOvercommit { get; init; } = 16;

    /// <summary>The largest scratch disk. Default 64 GiB; the files are thin, so this is no reservation.</summary>
    public long MaxScratchDiskBytes { get; init; } = 64L << 30;

    /// <summary>
    /// How often console output is kept beside what is kept at each stop. Default 30 s: that much of it a crash of the
    /// server loses.
    /// </summary>
    public TimeSpan ConsoleSaveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For how long a host counts as alive after it was last heard of. Default 30 s: a pause of the database or of
    /// the process of a few seconds goes unnoticed, and a lost host is replaced within a minute.
    /// </summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the reconciler looks without being woken. Default 5 s: it bounds what a lost signal costs.</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a guest that was asked to shut down may take. Default 20 s: ten times what the built-in image needs
    /// on a busy host.
    /// </summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After how much silence of its agent a guest is impaired. Default 60 s, as the design says.</summary>
    public TimeSpan AgentSilence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often status checks are made. Default 5 s: a twelfth of <see cref="AgentSilence"/>.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For how long a terminated instance is shown. Default one hour, as EC2 does.</summary>
    public TimeSpan TerminatedRetention { get; init; } = TimeSpan.FromHours(1);

    /// <summary>For how long a client token is remembered at least. Default 24 hours, as EC2 does.</summary>
    public TimeSpan ClientTokenRetention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// What an account may have at most where nothing is set for it; what is not listed has no limit. The defaults are
    /// far above what one host holds, in the order of EC2's and S3's (5,000 volumes, 100,000 snapshots, 10,000 buckets),
    /// and stop a runaway script. Objects and bytes are bounded by the disk.
    /// </summary>
    public IReadOnlyDictionary<QuotaName, long> DefaultQuotas { get; init; } = new Dictionary<QuotaName, long>
    {
        [QuotaName.Instances] = 10_000,
        [QuotaName.Vcpus] = 10_000,
        [QuotaName.MemoryBytes] = 16L << 40,
        [QuotaName.Volumes] = 5_000,
        [QuotaName.VolumeBytes] = 50L << 40,
        [QuotaName.Snapshots] = 100_000,
        [QuotaName.Images] = 1_000,
        [QuotaName.Buckets] = 10_000,
    };

    /// <summary>For how long events are kept. Default 90 days, as CloudTrail's event history: a quarter can be looked back on.</summary>
    public TimeSpan EventRetention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Whether webhooks may go to loopback and private addresses, by plain HTTP too. Default false: they would reach what only the server can.</summary>
    public bool AllowsPrivateWebhooks { get; init; }

    /// <summary>The built-in image that first start makes a row for.</summary>
    public string BuiltInImage { get; init; } = "cloudlab-linux";

    /// <summary>How many vCPUs placement promises.</summary>
    internal int PromisedVcpus => (int)Math.Min(Hypervisor.Workers * VcpuOvercommit, int.MaxValue);

    /// <summary>The part of a lease after which a host that could not renew it must not act: 0.8, as the design says.</summary>
    internal TimeSpan LeaseSafety => LeaseDuration * 0.8;

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="OptionsValidationException">Some value is out of its range; the message names it.</exception>
    public void Validate()
    {
        List<string> failures = [];
        Check(HostName.Length is > 0 and <= 253 && !HostName.AsSpan().ContainsAnyExceptInRange('!', '~'),
            nameof(HostName), "1 to 253 printable ASCII characters");
        Check(Hypervisor.MemoryBudget > 0, nameof(HypervisorOptions.MemoryBudget), "more than 0");
        Check(Hypervisor.Workers > 0, nameof(HypervisorOptions.Workers), "at least 1");
        Check(Hypervisor.MemoryOvercommit is > 0 and <= 16, nameof(HypervisorOptions.MemoryOvercommit), "more than 0 and at most 16");
        Check(VcpuOvercommit is > 0 and <= 1024, nameof(VcpuOvercommit), "more than 0 and at most 1024");
        Check(MaxScratchDiskBytes >= ScratchDisk.MinBytes, nameof(MaxScratchDiskBytes), $"at least {ScratchDisk.MinBytes}");
        Check(ConsoleSaveInterval > TimeSpan.Zero, nameof(ConsoleSaveInterval), "more than 0");
        Check(LeaseDuration >= TimeSpan.FromSeconds(1), nameof(LeaseDuration), "at least a second");
        Check(ReconcileInterval > TimeSpan.Zero, nameof(ReconcileInterval), "more than 0");
        Check(StopTimeout >= TimeSpan.Zero, nameof(StopTimeout), "0 or more");
        Check(AgentSilence > TimeSpan.Zero, nameof(AgentSilence), "more than 0");
        Check(CheckInterval > TimeSpan.Zero, nameof(CheckInterval), "more than 0");
        Check(TerminatedRetention >= TimeSpan.Zero, nameof(TerminatedRetention), "0 or more");
        Check(EventRetention >= TimeSpan.FromHours(1), nameof(EventRetention), "at least an hour");
        Check(ClientTokenRetention >= TerminatedRetention, nameof(ClientTokenRetention), "at least the terminated retention");
        Check(DefaultQuotas.Values.All(limit => limit >= 0), nameof(DefaultQuotas), "0 or more");
        if (failures.Count > 0)
            throw new OptionsValidationException(nameof(ControlPlaneOptions), typeof(ControlPlaneOptions), failures);

        void Check(bool holds, string name, string range)
        {
            if (!holds) failures.Add($"{name} must be {range}");
        }
    }
}
