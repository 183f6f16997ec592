using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>What administrators see of the hosts.</summary>
public sealed class HostDirectory(IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time)
{
    private const int MaxHosts = 1000;

    /// <summary>The hosts there are, by name: the first thousand.</summary>
    public async Task<IReadOnlyList<HostDetails>> ListAsync(CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await Describe(db, db.Hosts.OrderBy(h => h.Name).Take(MaxHosts)).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One host.</summary>
    /// <returns>The host. Errors: HostNotFound.</returns>
    public async Task<Result<HostDetails>> GetAsync(string name, CancellationToken cancellationToken)
    {
        var notFound = new CloudLabError(ErrorCode.HostNotFound, "there is no host of that name");
        if (!PlainText.Is(name)) return notFound;
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        HostDetails? found = await Describe(db, db.Hosts.Where(h => h.Name == name)).SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return found is null ? notFound : found;
    }

    private IQueryable<HostDetails> Describe(CloudLabDbContext db, IQueryable<Host> hosts)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        return hosts.Select(h => new HostDetails(
            h.Name,
            h.Architecture,
            h.LeaseUntil > now,
            h.LeaseUntil,
            h.Epoch,
            h.Vcpus,
            h.MemoryBytes,
            db.Instances.Count(i => i.Host == h.Name && i.Observed != ObservedState.Terminated),
            db.Instances.Where(i => i.Host == h.Name && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running)).Sum(i => i.Vcpus),
            db.Instances.Where(i => i.Host == h.Name && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running)).Sum(i => i.MemoryBytes)));
    }
}
