namespace CloudLab.Machine.Memory;

/// <summary>Holds what depends on RAM: decoded code, and permissions to write to pages without telling.</summary>
/// <remarks>Called by any thread, possibly while the observer's hart runs; every method returns at once.</remarks>
internal interface IMemoryObserver
{
    /// <summary>Drop what was decoded from RAM page <paramref name="page"/> (index from the start of RAM), which has changed.</summary>
    void CodePageWritten(int page);

    /// <summary>Give up every permission to write to a page without <see cref="GuestMemory.MarkPageWritten"/>.</summary>
    /// <returns>For <see cref="HasWithdrawn"/>.</returns>
    long WithdrawWrites();

    /// <summary>Whether no write can be made any more by a permission from before the request.</summary>
    bool HasWithdrawn(long request);
}
