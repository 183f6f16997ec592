namespace CloudLab.Machine.Rv64;

/// <summary>What can be asked of a hart.</summary>
internal enum HartRequestKind
{
    /// <summary>Drop what was decoded from a page.</summary>
    DropCode,

    /// <summary>No longer write to a page unseen: another hart decoded it.</summary>
    WithdrawWrite,

    /// <summary>No longer write to any page unseen: the dirty log is being taken.</summary>
    WithdrawAllWrites,

    /// <summary>No longer write to the watched page unseen, and look at the watched word: an atomic may have stored to it.</summary>
    RewatchPage,

    /// <summary>Flush translations (SBI remote sfence.vma).</summary>
    FlushTranslations,

    /// <summary>Synchronise fetches with stores (SBI remote fence.i): serving any request does so.</summary>
    CodeFence,
}
