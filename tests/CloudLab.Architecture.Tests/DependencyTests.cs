using Xunit;

namespace CloudLab.Architecture.Tests;

/// <summary>Server → ControlPlane → {Machine, Storage, Network}; the engines know nothing of the cloud nor of each other.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["CloudLab.Server"] = ["CloudLab.ControlPlane", "CloudLab.Machine", "CloudLab.Storage", "CloudLab.Network"],
        ["CloudLab.ControlPlane"] = ["CloudLab.Machine", "CloudLab.Storage", "CloudLab.Network"],
        ["CloudLab.Machine"] = [],
        ["CloudLab.Storage"] = [],
        ["CloudLab.Network"] = [],
    };

    public static TheoryData<string> Projects => [.. Repository.Projects.Keys];

    public static TheoryData<string> Engines => [.. Repository.Projects.Keys.Where(project => Allowed.GetValueOrDefault(project) is [])];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_lies_below_it(string project)
    {
        Assert.Contains(project, Allowed.Keys);
        var referenced = Repository.Items(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.Empty(referenced.Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_uses_only_what_lies_below_it(string project)
    {
        var used = Repository.Load(project).GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("CloudLab.", StringComparison.Ordinal));
        Assert.Empty(used.Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_engine_knows_neither_http_nor_the_database(string project)
    {
        var used = Repository.Load(project).GetReferencedAssemblies().Select(name => name.Name!);
        Assert.DoesNotContain(used, name =>
            name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
            || name.StartsWith("Npgsql", StringComparison.Ordinal));
        Assert.Empty(Repository.Items(project, "FrameworkReference"));
    }

    [Fact]
    public void The_machine_uses_no_package() => Assert.Empty(Repository.Items("CloudLab.Machine", "PackageReference"));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.Read("CloudLab.sln");
        Assert.All(Repository.Projects.Keys, project => Assert.Contains($"{project}.csproj", solution, StringComparison.Ordinal));
    }
}
