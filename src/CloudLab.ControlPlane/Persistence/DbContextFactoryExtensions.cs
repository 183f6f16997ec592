using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Writes that meet no other.</summary>
public static class DbContextFactoryExtensions
{
    // A conflict needs another write to the same row within a millisecond or two; five in a row are a bug.
    private const int MaxAttempts = 5;

    /// <summary>Runs <paramref name="body"/> in a transaction, adds its events, saves and commits; from the start again after a conflict.</summary>
    /// <param name="contexts">Where the contexts come from.</param>
    /// <param name="body">Reads and changes rows; may run several times, each with a fresh context, so it changes nothing else.</param>
    /// <param name="cancellationToken">Ends the attempt before its commit.</param>
    public static async Task<T> WriteAsync<T>(
        this IDbContextFactory<CloudLabDbContext> contexts,
        Func<CloudLabDbContext, CancellationToken, Task<T>> body,
        CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await using WriteScope scope = await db.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
                T result = await body(db, cancellationToken).ConfigureAwait(false);
                EventRecorder recorder = db.GetService<EventRecorder>();
                ApiCall? call = recorder.Record(db, (result as IResult)?.Error);
                await db.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                await scope.CommitAsync().ConfigureAwait(false);
                recorder.Committed(call);
                return result;
            }
            catch (Exception failure) when (attempt < MaxAttempts && db.IsConflict(failure))
            {
            }
        }
    }
}
