using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Server.S3.Http;

/// <summary>One parameter of a query, decoded.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">The value; empty when there is none.</param>
/// <param name="HasEquals">Whether it was written with <c>=</c>; SigV2 tells the difference.</param>
internal readonly record struct S3QueryParameter(string Name, string Value, bool HasEquals);

/// <summary>The query of a request in its order. Names are case-sensitive; of a repeated one the first counts.</summary>
internal sealed class S3Query
{
    // S3 has no operation with more than about twenty; bounds what sorting them costs.
    private const int MaxParameters = 100;

    private readonly List<S3QueryParameter> _parameters = [];

    public static S3Query Empty { get; } = new();

    public IReadOnlyList<S3QueryParameter> Parameters => _parameters;

    /// <summary>The value of a parameter, empty when it has none, or null when it is not there.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (S3QueryParameter parameter in _parameters)
                if (parameter.Name == name)
                    return parameter.Value;
            return null;
        }
    }

    public bool Contains(string name) => this[name] is not null;

    /// <summary>Parses what stands behind the question mark.</summary>
    /// <returns>False for broken escapes, text that is not UTF-8, or too many parameters.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out S3Query? query)
    {
        query = null;
        var parsed = new S3Query();
        foreach (Range range in text.Split('&'))
        {
            ReadOnlySpan<char> part = text[range];
            if (part.IsEmpty) continue;
            if (parsed._parameters.Count == MaxParameters) return false;
            int equals = part.IndexOf('=');
            ReadOnlySpan<char> name = equals < 0 ? part : part[..equals];
            ReadOnlySpan<char> value = equals < 0 ? default : part[(equals + 1)..];
            if (!S3UriCodec.TryDecode(name, plusIsSpace: true, out string? decodedName)) return false;
            if (!S3UriCodec.TryDecode(value, plusIsSpace: true, out string? decodedValue)) return false;
            parsed._parameters.Add(new S3QueryParameter(decodedName, decodedValue, equals >= 0));
        }

        query = parsed;
        return true;
    }
}
