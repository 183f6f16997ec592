namespace CloudLab.Server.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>It could not be done; standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a setting is wrong; standard error says what to write instead.</summary>
    public const int Usage = 2;
}
