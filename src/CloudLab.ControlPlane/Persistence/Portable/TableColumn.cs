namespace CloudLab.ControlPlane.Persistence.Portable;

/// <summary>A column of an exported table.</summary>
internal readonly record struct TableColumn(string Name, ColumnKind Kind);
