using System.Reflection;
using System.Xml.Linq;

namespace CloudLab.Architecture.Tests;

/// <summary>The checked-out source tree the tests were built from.</summary>
internal static class Repository
{
    private static readonly string Root = FindRoot();

    /// <summary>The projects of <c>src</c> by name.</summary>
    public static IReadOnlyDictionary<string, XDocument> Projects { get; } = Directory
        .EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path), XDocument.Load);

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));

    /// <summary>The C# files below <paramref name="folder"/>, without what the build generates.</summary>
    public static IEnumerable<SourceFile> SourceFiles(string folder) =>
        from path in Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, path).Replace('\\', '/')
        let parts = relative.Split('/')
        where !parts.Contains("obj") && !parts.Contains("bin")
        select new SourceFile(relative, File.ReadAllLines(path));

    /// <summary>The compiled assembly of a project of <c>src</c>.</summary>
    public static Assembly Load(string project) => Assembly.Load(project);

    /// <summary>What the project names in items of this kind.</summary>
    public static IEnumerable<string> Items(string project, string item) =>
        Projects[project].Descendants(item).Select(element => element.Attribute("Include")!.Value);

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "CloudLab.sln")))
            directory = directory.Parent ?? throw new InvalidOperationException("CloudLab.sln is not above the tests' output.");
        return directory.FullName;
    }
}

/// <summary>A file by its path from the root, with forward slashes.</summary>
internal sealed record SourceFile(string Path, string[] Lines);
