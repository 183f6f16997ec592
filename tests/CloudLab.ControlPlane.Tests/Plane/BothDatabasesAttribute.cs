using System.Reflection;
using CloudLab.ControlPlane.Persistence;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace CloudLab.ControlPlane.Tests.Plane;

/// <summary>Runs a theory on SQLite and on a real PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BothDatabasesAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([new TheoryDataRow<DatabaseProvider>(DatabaseProvider.Sqlite), new TheoryDataRow<DatabaseProvider>(DatabaseProvider.Postgres)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
