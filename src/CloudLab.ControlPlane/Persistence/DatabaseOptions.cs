namespace CloudLab.ControlPlane.Persistence;

/// <summary>Where the rows are.</summary>
/// <param name="Provider">Which database.</param>
/// <param name="ConnectionString">Of Microsoft.Data.Sqlite or Npgsql. A PostgreSQL database must exist; a SQLite file is made.</param>
public sealed record DatabaseOptions(DatabaseProvider Provider, string ConnectionString);
