using System.Text;
using CloudLab.Machine.Console;
using Terminal = System.Console;

namespace CloudLab.Server.Cli;

/// <summary>Sends what is typed to a guest, key by key.</summary>
internal static class TerminalInput
{
    /// <summary>Begins, when standard input is a terminal, and goes on to the end of the process. Control-C is not sent: it ends the machine.</summary>
    public static void Forward(SerialConsole console)
    {
        if (Terminal.IsInputRedirected) return;
        // A thread of its own, as reading a key waits for ever.
        new Thread(() => Run(console)) { IsBackground = true, Name = "terminal input" }.Start();
    }

    private static void Run(SerialConsole console)
    {
        while (true) console.WriteInput(Encoding.UTF8.GetBytes(TextOf(Terminal.ReadKey(intercept: true))));
    }

    /// <summary>What a terminal sends for a key: arrows are escape sequences.</summary>
    private static string TextOf(ConsoleKeyInfo key) => key.Key switch
    {
        ConsoleKey.UpArrow => "\u001b[A",
        ConsoleKey.DownArrow => "\u001b[B",
        ConsoleKey.RightArrow => "\u001b[C",
        ConsoleKey.LeftArrow => "\u001b[D",
        _ => key.KeyChar == '\0' ? "" : key.KeyChar.ToString(),
    };
}
