using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Events;

/// <summary>The row of an event: who did what to what, when, with what outcome. Written in the transaction of what it tells of, and never changed.</summary>
/// <remarks>
/// <b>Order.</b> Rows are numbered by <see cref="Sequence"/>, which both databases give out before the transaction commits.
/// SQLite has one writer at a time, so numbers become visible in order. PostgreSQL does not: number 7 may commit after 8
/// was read, and a reader that went on from 8 would never see it. So each row also holds its transaction's id, and a reader
/// goes by (<see cref="TransactionId"/>, <see cref="Sequence"/>) and only as far as the oldest transaction that is still
/// under way (<c>pg_snapshot_xmin</c>): whatever commits later has an id from there on, and comes after. On SQLite the
/// id is always 0.
/// </remarks>
public sealed class Event
{
    public const int MaxDetailsLength = 4096;

    /// <summary>Its number, given by the database; unique, and never given again.</summary>
    public long Sequence { get; private set; }

    /// <summary>PostgreSQL's id of the transaction that wrote it, given by the database.</summary>
    public long TransactionId { get; private set; }

    /// <summary>Whose event it is.</summary>
    public required AccountId AccountId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Who: a token's id, <c>host/NAME</c>, <c>operator/NAME</c> (the command line there), or <c>system</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>The name of the user whom the token belongs to, or that of an operator on the machine; or null.</summary>
    public string? ActorName { get; init; }

    /// <summary>The address that the request came from, or null.</summary>
    public string? SourceAddress { get; init; }

    /// <summary>What was done or happened, e.g. <c>instances.stop</c> or <c>instances.state-changed</c>.</summary>
    public required string Action { get; init; }

    /// <summary>What kind of thing it was done to, e.g. <c>instance</c>.</summary>
    public required string ResourceType { get; init; }

    /// <summary>Which one; null when it concerns none or several, which <see cref="Details"/> then names.</summary>
    public string? ResourceId { get; init; }

    public required EventOutcome Outcome { get; init; }

    /// <summary>The code of the problem that the caller was told, or null.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The trace id of the request, or null.</summary>
    public string? RequestId { get; init; }

    /// <summary>A small JSON object, or null. Never a secret.</summary>
    public string? Details { get; init; }
}
