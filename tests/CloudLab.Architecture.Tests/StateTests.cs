using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace CloudLab.Architecture.Tests;

/// <summary>State belongs to the machine, the volume, the network it describes: an engine has no mutable statics.</summary>
public sealed class StateTests
{
    private const BindingFlags Statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    [Theory]
    [MemberData(nameof(DependencyTests.Engines), MemberType = typeof(DependencyTests))]
    public void An_engine_has_no_mutable_static_field(string project)
    {
        var mutable = Repository.Load(project).GetTypes()
            .Where(type => !type.IsDefined(typeof(CompilerGeneratedAttribute)))
            .SelectMany(type => type.GetFields(Statics))
            .Where(field => !field.IsInitOnly && !field.IsLiteral)
            // The compiler's own caches of delegates start with <>; an auto-property's field does not.
            .Where(field => !field.Name.StartsWith("<>", StringComparison.Ordinal))
            .Select(field => $"{field.DeclaringType}.{field.Name}");
        Offenders.AssertNone(mutable);
    }
}
