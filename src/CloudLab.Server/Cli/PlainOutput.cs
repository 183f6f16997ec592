using Spectre.Console;

namespace CloudLab.Server.Cli;

internal static class PlainOutput
{
    extension(IAnsiConsole console)
    {
        /// <summary>Writes a line as it is: where there is no terminal Spectre would break it at 80 columns.</summary>
        public void WritePlain(string line) => console.Profile.Out.Writer.WriteLine(line);
    }
}
