using Microsoft.EntityFrameworkCore.Metadata;

namespace CloudLab.ControlPlane.Persistence.Portable;

internal static class TableOrder
{
    /// <summary>The model's tables, each after those that it refers to.</summary>
    public static IReadOnlyList<ITable> Of(IRelationalModel model)
    {
        var ordered = new List<ITable>();
        var seen = new HashSet<ITable>();
        foreach (ITable table in model.Tables.OrderBy(t => t.Name, StringComparer.Ordinal)) Visit(table);
        return ordered;

        void Visit(ITable table)
        {
            if (!seen.Add(table)) return;
            foreach (IForeignKeyConstraint key in table.ForeignKeyConstraints) Visit(key.PrincipalTable);
            ordered.Add(table);
        }
    }
}
