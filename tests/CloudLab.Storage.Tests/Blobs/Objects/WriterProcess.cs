using System.Diagnostics;
using CloudLab.Storage.Writer;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>A process that uses a store, to be killed or traced.</summary>
internal static class WriterProcess
{
    public static Process Start(params string[] arguments) => Start(null, arguments);

    /// <param name="under">A command that runs it, with its arguments.</param>
    public static Process Start(string[]? under, string[] arguments)
    {
        string[] command = [.. under ?? [], "dotnet", typeof(WriterOperation).Assembly.Location, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true };
        return Process.Start(start)!;
    }
}
