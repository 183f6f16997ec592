using System.Text.Json;

namespace CloudLab.Server.Hosting;

/// <summary><c>cloudlab.json</c> in the data directory: an object of settings by their camel-case names; comments are fine.</summary>
internal static class SettingsFile
{
    public const string Name = "cloudlab.json";

    private static readonly JsonDocumentOptions Reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The settings in the file; none when there is no file. What is wrong is added to <paramref name="errors"/>.</summary>
    public static IReadOnlyDictionary<string, string> Read(string path, List<string> errors)
    {
        var settings = new Dictionary<string, string>();
        if (!File.Exists(path)) return settings;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path), Reading);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                errors.Add($"{path} must hold a JSON object of settings.");
            else
                foreach (JsonProperty property in document.RootElement.EnumerateObject())
                    Add(property, path, settings, errors);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            errors.Add($"{path} cannot be read: {e.Message}");
        }

        return settings;
    }

    private static void Add(JsonProperty property, string path, Dictionary<string, string> settings, List<string> errors)
    {
        // The file lies in the data directory, so it cannot say where that is.
        Setting? known = Setting.All.FirstOrDefault(s => s.FileName == property.Name && s != Setting.DataDirectory);
        if (known is null)
            errors.Add($"{path} has an unknown setting '{property.Name}'. Known: "
                + string.Join(", ", Setting.All.Where(s => s != Setting.DataDirectory).Select(s => s.FileName)) + ".");
        else if (property.Value.ValueKind is JsonValueKind.String or JsonValueKind.True or JsonValueKind.False)
            settings[property.Name] = property.Value.ToString();
        else if (known.IsNumber && property.Value.ValueKind == JsonValueKind.Number)
            settings[property.Name] = property.Value.GetRawText();
        else
            errors.Add($"{path}: '{property.Name}' must be a {(known.IsNumber ? "number" : "text or true or false")}.");
    }
}
