using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Identity;

/// <summary>What a new token or access key may do. The one place where rights are passed on, so that they never grow.</summary>
/// <param name="User">In whose name it will act.</param>
/// <param name="Role">The most it may do.</param>
/// <param name="ExpiresAt">When it ends, or null for never.</param>
internal sealed record Delegation(User User, Role Role, DateTimeOffset? ExpiresAt)
{
    /// <summary>Works out the rights that were asked for.</summary>
    /// <param name="db">A write transaction.</param>
    /// <param name="account">The user's account.</param>
    /// <param name="by">Who asks; null for the operator at the command line, who may do everything.</param>
    /// <param name="user">For whom; null for the caller itself.</param>
    /// <param name="role">The role asked for; null for the most that is possible.</param>
    /// <param name="expiresAt">The end asked for; null for the latest that is possible.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The rights. Errors: UserNotFound, InvalidParameter, Forbidden.</returns>
    public static async Task<Result<Delegation>> CheckAsync(
        CloudLabDbContext db,
        AccountId account,
        Caller? by,
        UserId? user,
        Role? role,
        DateTimeOffset? expiresAt,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        UserId id = user ?? by?.UserId ?? throw new ArgumentException("the operator names a user", nameof(user));
        // To all but administrators the other users are not there.
        if (by is { Role: < Role.Admin } && id != by.UserId) return UserService.NotFound(id);
        User? found = await db.Users.SingleOrDefaultAsync(u => u.AccountId == account && u.Id == id, cancellationToken).ConfigureAwait(false);
        if (found is null) return UserService.NotFound(id);

        Role granted = role ?? (by is not null && by.Role < found.Role ? by.Role : found.Role);
        if (by is not null && granted > by.Role)
            return new CloudLabError(ErrorCode.Forbidden, $"role {EnumText.Of(granted)} is more than the token in use has");
        if (granted > found.Role)
            return new CloudLabError(ErrorCode.InvalidParameter, $"role {EnumText.Of(granted)} is more than user {found.Name} has");

        // As the database keeps it, so that what is answered is what lists show.
        expiresAt = expiresAt?.ToUniversalTime().AddTicks(-(expiresAt.Value.Ticks % TimeSpan.TicksPerMicrosecond));
        if (expiresAt <= now) return new CloudLabError(ErrorCode.InvalidParameter, "the time of expiry is not in the future");
        if (by?.ExpiresAt is { } end && expiresAt is { } wanted && wanted > end)
            return new CloudLabError(ErrorCode.Forbidden, "what a token makes cannot outlive it");
        return new Delegation(found, granted, expiresAt ?? by?.ExpiresAt);
    }
}
