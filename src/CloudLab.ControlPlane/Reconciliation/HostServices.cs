using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>What all workers of this host share.</summary>
internal sealed record HostServices(
    IDbContextFactory<CloudLabDbContext> Contexts,
    HostSession Session,
    MachineFactory Machines,
    MachineTotals Totals,
    ScratchStore Scratch,
    ConsoleArchive Consoles,
    ControlPlaneOptions Options,
    ControlPlaneMetrics Metrics,
    TimeProvider Time,
    ILogger<InstanceWorker> Logger);
