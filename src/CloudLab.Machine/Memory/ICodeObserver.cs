namespace CloudLab.Machine.Memory;

/// <summary>Told when a page that holds decoded code is about to change.</summary>
internal interface ICodeObserver
{
    /// <summary>
    /// Drop what was decoded from RAM page <paramref name="page"/> (index from the start of RAM). Called by any
    /// thread, possibly while the observer's hart runs; returns at once.
    /// </summary>
    void CodePageWritten(int page);
}
