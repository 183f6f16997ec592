using CloudLab.ControlPlane.Instances;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>
/// What others may ask of the host that runs an instance. The seam between the control plane and a host; in this
/// process today.
/// </summary>
/// <remarks>The caller has made sure that the account may see the instance. Any thread.</remarks>
public interface IInstanceHost
{
    /// <summary>
    /// The last 64 KiB that the guest wrote to its console, oldest first, across stops and restarts of the host; empty
    /// before it ran.
    /// </summary>
    /// <exception cref="IOException">The blob store, which keeps it for instances without a machine, failed.</exception>
    ValueTask<byte[]> ReadConsoleAsync(InstanceId id, CancellationToken cancellationToken);

    /// <summary>
    /// Joins the console. It stays across stop and start and ends with the instance: an attachment to an instance that
    /// does not run just waits.
    /// </summary>
    /// <param name="id">Which instance.</param>
    /// <param name="replay">Whether the kept output comes first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The attachment, or null when the host is shutting down.</returns>
    ValueTask<ConsoleAttachment?> AttachConsoleAsync(InstanceId id, bool replay, CancellationToken cancellationToken);

    /// <summary>Ends when the instance is terminated. Only for who holds an attachment to its console.</summary>
    ValueTask WaitForEndAsync(InstanceId id, CancellationToken cancellationToken);

    /// <summary>What is known of the guest's health now, or null when the instance has no machine.</summary>
    ValueTask<InstanceHealth?> ReadHealthAsync(InstanceId id, CancellationToken cancellationToken);

    /// <summary>The machine's counters, or null when the instance has no machine.</summary>
    ValueTask<MachineMetrics?> ReadMetricsAsync(InstanceId id, CancellationToken cancellationToken);
}
