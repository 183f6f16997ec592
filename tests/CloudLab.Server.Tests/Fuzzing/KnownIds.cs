using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>The ids and names of what is there, as answers told them, by the noun of the operation.</summary>
internal sealed class KnownIds
{
    private const int MaxPerNoun = 64;

    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _ids = new();

    public void Learn(string noun, JsonNode? answer)
    {
        switch (answer)
        {
            case JsonObject members:
                foreach ((string name, JsonNode? value) in members)
                {
                    bool isId = name == "name" || name.EndsWith("Id", StringComparison.Ordinal);
                    if (isId && value is JsonValue && value.GetValueKind() == System.Text.Json.JsonValueKind.String) Add(name == "name" ? noun : NounOf(name), (string)value!);
                    else Learn(noun, value);
                }

                break;
            case JsonArray items:
                foreach (JsonNode? item in items) Learn(noun, item);
                break;
        }
    }

    /// <summary>One of them, the same for the same number while nothing is learnt; a made-up one where none is known.</summary>
    public string Pick(string noun, int number)
    {
        string[] ids = _ids.TryGetValue(noun, out ConcurrentQueue<string>? known) ? [.. known] : [];
        return ids.Length == 0 ? "i-0123456789abcdef0" : ids[number % ids.Length];
    }

    private static string NounOf(string name) => name == "accessKeyId" ? "access-keys" : name[..^2].ToLowerInvariant() + "s";

    private void Add(string noun, string id)
    {
        ConcurrentQueue<string> ids = _ids.GetOrAdd(noun, _ => new ConcurrentQueue<string>());
        string safe = Uri.EscapeDataString(id);
        if (ids.Contains(safe)) return;
        ids.Enqueue(safe);
        if (ids.Count > MaxPerNoun) ids.TryDequeue(out _);
    }
}
