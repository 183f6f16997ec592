using Spectre.Console;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A console that is no terminal and keeps what is written.</summary>
internal sealed class QuietConsole : IDisposable
{
    private readonly StringWriter _text = new();

    public QuietConsole() => Console = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No,
        Interactive = InteractionSupport.No,
        Out = new WideOutput(_text),
    });

    public IAnsiConsole Console { get; }

    public string Text => _text.ToString();

    public void Dispose() => _text.Dispose();

    // Wide, so that no line is wrapped.
    private sealed class WideOutput(TextWriter writer) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => false;

        public int Width => 1000;

        public int Height => 25;

        public void SetEncoding(System.Text.Encoding encoding)
        {
        }
    }
}
