using System.Text;
using System.Text.RegularExpressions;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>Who sends a request.</summary>
internal enum FuzzCaller
{
    Admin,
    Operator,
    Viewer,
    Foreign,
    Nobody,
    Liar,
}

/// <summary>A request as it was made up; texts may hold <c>{{noun:number}}</c> for the id of something that is there.</summary>
internal sealed partial record FuzzRequest
{
    public required ApiOperation Operation { get; init; }

    public required FuzzCaller Caller { get; init; }

    /// <summary>Path and query, encoded.</summary>
    public required string Target { get; init; }

    /// <summary>Whether the path is the operation's own, so that the answer is too.</summary>
    public required bool IsPathIntact { get; init; }

    public List<(string Name, string Value)> Headers { get; init; } = [];

    public string? ContentType { get; init; }

    /// <summary>Latin-1, so that it can hold any bytes.</summary>
    public string? Body { get; init; }

    /// <summary>How many bytes fewer than announced are sent before the end.</summary>
    public int Missing { get; init; }

    public bool IsChunked { get; init; }

    /// <summary>With the ids put in.</summary>
    public FuzzRequest Resolve(Func<string, int, string> idOf)
    {
        return this with { Target = Fill(Target), Body = Body is null ? null : Fill(Body) };

        string Fill(string text) => text.Contains("{{", StringComparison.Ordinal)
            ? Placeholder().Replace(text, m => idOf(m.Groups[1].Value, int.Parse(m.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)))
            : text;
    }

    public byte[] ToBytes(string host, string? token)
    {
        var text = new StringBuilder().Append(Operation.Method).Append(' ').Append(Target).Append(" HTTP/1.1\r\nHost: ").Append(host).Append("\r\n");
        if (token is not null) text.Append("Authorization: Bearer ").Append(token).Append("\r\n");
        if (ContentType is not null) text.Append("Content-Type: ").Append(ContentType).Append("\r\n");
        foreach ((string name, string value) in Headers) text.Append(name).Append(": ").Append(value).Append("\r\n");
        if (Body is null) return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
        if (IsChunked)
        {
            text.Append("Transfer-Encoding: chunked\r\n\r\n");
            if (Body.Length > 0) text.Append($"{Body.Length:x}\r\n").Append(Body).Append("\r\n");
            if (Missing == 0) text.Append("0\r\n\r\n");
        }
        else
        {
            text.Append("Content-Length: ").Append(Body.Length + Missing).Append("\r\n\r\n").Append(Body);
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>A command that repeats it, with the caller's token as <c>$TOKEN</c>.</summary>
    public string ToCurl(Uri url)
    {
        var text = new StringBuilder($"curl -i --path-as-is -X {Operation.Method} {Quote(url.GetLeftPart(UriPartial.Authority) + Target)}");
        if (Caller != FuzzCaller.Nobody) text.Append($" -H \"Authorization: Bearer $TOKEN\"");
        if (ContentType is not null) text.Append(" -H ").Append(Quote("Content-Type: " + ContentType));
        foreach ((string name, string value) in Headers) text.Append(" -H ").Append(Quote($"{name}: {value}"));
        if (IsChunked) text.Append(" -H 'Transfer-Encoding: chunked'");
        if (Missing > 0) text.Append($" -H 'Content-Length: {Body!.Length + Missing}'");
        if (Body is not null) text.Append(" --data-binary ").Append(Quote(Body.Length > 2000 ? Body[..2000] + "…" : Body));
        return text.Append($"   # {Operation.Id} as {Caller}").ToString();
    }

    // In the shell's $'' form: any byte can stand there.
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("$'");
        foreach (char c in text) quoted.Append(c is < ' ' or > '~' or '\'' or '\\' && c != '…' ? $"\\x{(int)c:x2}" : c.ToString());
        return quoted.Append('\'').ToString();
    }

    [GeneratedRegex(@"\{\{([a-z-]+):(\d+)\}\}")]
    private static partial Regex Placeholder();
}
