namespace CloudLab.Machine.Memory;

/// <summary>The host's memory behind RAM, where more is promised than there is: it is charged before a page is written first.</summary>
/// <remarks>
/// Harts come here when they ask for a permission to write, so nothing is checked on their fast path; devices when they
/// take a request, for all that they may write for it. Without an account all of RAM was admitted when the machine was
/// created, and nothing is charged.
/// </remarks>
public sealed unsafe partial class GuestMemory
{
    private readonly MemoryAccount? _account;

    /// <summary>Before a hart's first write to a page of RAM.</summary>
    /// <returns>False when the host's memory is used up: nothing may be written, and the machine will pause.</returns>
    internal bool TryCharge(int page) => _account is null || _account.TryCharge((ulong)page << PageShift, 1);

    /// <summary>As <see cref="TryCharge(int)"/>, for a range. One that is not all RAM costs nothing: whoever writes to it is refused.</summary>
    internal bool TryCharge(GuestAddress address, ulong length) =>
        _account is null || !Contains(address, length) || _account.TryCharge(address.Value - Start.Value, length);

    /// <summary>Charges ranges of RAM for the life of the machine; true without an account.</summary>
    internal bool TryKeep(IEnumerable<(GuestAddress Address, ulong Length)> ranges) =>
        _account is null || _account.TryKeep(ranges.Select(range => (range.Address.Value - Start.Value, range.Length)));
}
