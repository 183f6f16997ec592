using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CloudLab.Server.Tests.Harness;

/// <summary>Reads every line of a server's log, with what is thrown, for texts that must not be there.</summary>
internal sealed class SecretWatch : ILoggerProvider, ILogger
{
    private readonly ConcurrentDictionary<string, string> _secrets = new();
    private readonly ConcurrentQueue<string> _leaks = new();
    private int _lines;

    /// <summary>The lines with a secret in them.</summary>
    public IReadOnlyCollection<string> Leaks => _leaks;

    public int Lines => Volatile.Read(ref _lines);

    /// <summary>Lines at Error and above.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    public void Add(string name, string secret) => _secrets[secret] = name;

    /// <summary>The name of a secret that a text holds, or null.</summary>
    public string? Find(string text)
    {
        foreach ((string secret, string name) in _secrets)
            if (text.Contains(secret, StringComparison.Ordinal))
                return name;
        return null;
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // What a structured log would keep, too.
        string values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs) : "";
        string line = $"{logLevel} {formatter(state, exception)} {values} {exception}";
        Interlocked.Increment(ref _lines);
        if (logLevel >= LogLevel.Error) Errors.Enqueue(line);
        if (Find(line) is { } name) _leaks.Enqueue($"{name}: {line}");
    }

    public void Dispose()
    {
    }
}
