namespace CloudLab.ControlPlane.Persistence;

/// <summary>The databases that CloudLab runs on.</summary>
public enum DatabaseProvider
{
    /// <summary>Embedded; one process.</summary>
    Sqlite,

    /// <summary>Version 15 or later; any number of hosts.</summary>
    Postgres,
}
