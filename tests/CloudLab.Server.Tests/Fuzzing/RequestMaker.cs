using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>Makes up requests for the operations of a document; each comes from one number, which repeats it.</summary>
internal sealed class RequestMaker(ApiDocument document)
{
    // Copying the database and starting a build cost more than all else.
    private static readonly string[] Costly = ["CreateBackup", "BuildImage"];

    private readonly ApiOperation[] _operations = [.. document.Operations];

    public Gen<FuzzRequest> Requests => Gen.Int.Select(Make);

    /// <summary>The request of this number.</summary>
    public FuzzRequest Make(int number)
    {
        var random = new Random(number);
        ApiOperation operation = _operations[random.Next(_operations.Length)];
        if (Costly.Contains(operation.Id) && random.Next(8) != 0) operation = _operations[random.Next(_operations.Length)];
        FuzzRequest request = Valid(operation, random);
        for (int mutations = random.Next(2) == 0 ? 0 : random.Next(1, 3); mutations > 0; mutations--) request = Mutate(request, random);
        return request;
    }

    private FuzzRequest Valid(ApiOperation operation, Random random) => new()
    {
        Operation = operation,
        Caller = random.Next(20) switch { < 13 => FuzzCaller.Admin, < 15 => FuzzCaller.Operator, 15 => FuzzCaller.Viewer, < 18 => FuzzCaller.Foreign, 18 => FuzzCaller.Nobody, _ => FuzzCaller.Liar },
        Target = Path(operation, random, _ => false) + Query(operation, random, isHostile: false),
        IsPathIntact = true,
        Headers =
        [
            .. from parameter in operation.Parameters
               where (string)parameter["in"]! == "header" && random.Next(4) == 0
               select ((string)parameter["name"]!, Example(parameter, random)),
        ],
        ContentType = operation.BodyType,
        Body = operation.BodySchema is not { } schema ? null
            : operation.TakesJson ? new BodyMaker(document, random).Valid(schema) : new string('\u007f', random.Next(5000)),
        IsChunked = operation.BodyType is not null && random.Next(10) == 0,
    };

    private FuzzRequest Mutate(FuzzRequest request, Random random)
    {
        ApiOperation operation = request.Operation;
        switch (random.Next(8))
        {
            case 0 when operation.Path.Contains('{', StringComparison.Ordinal):
                return request with { Target = Path(operation, random, _ => true) + Query(operation, random, isHostile: false), IsPathIntact = false };
            case 1:
                string path = request.Target.Split('?')[0];
                return request with { Target = path.Insert(random.Next(1, path.Length), OneOf(random, "/", "%2f", "%00", "//", "/../", ";x", "%", "\\", " ", "A")), IsPathIntact = false };
            case 2 or 3:
                return request with { Target = request.Target.Split('?')[0] + Query(operation, random, isHostile: true) };
            case 4:
                return request with { Headers = [.. request.Headers, OneOf(random, HostileText.Headers)] };
            case 5 when operation.BodyType is not null:
                return request with { ContentType = random.Next(3) == 0 ? null : OneOf(random, HostileText.ContentTypes) };
            case 6 when request.Body is not null:
                return request with { Missing = random.Next(1, 100) };
            default:
                if (operation is { TakesJson: true, BodySchema: { } schema }) return request with { Body = new BodyMaker(document, random).Mutated(schema) };
                // A body that nobody asked for.
                return request with { ContentType = "application/json", Body = OneOf(random, HostileText.JsonValues.AsSpan(0, 60).ToArray()) };
        }
    }

    private static string Path(ApiOperation operation, Random random, Func<string, bool> isHostile)
    {
        var path = new StringBuilder();
        foreach (string segment in operation.Path[1..].Split('/'))
        {
            path.Append('/');
            if (segment is not ['{', .., '}']) path.Append(segment);
            else if (isHostile(segment)) path.Append(random.Next(4) == 0 ? Id(random, OneOf(random, "users", "images", "instances", "tokens", "accounts")) : OneOf(random, HostileText.UrlValues));
            else if (random.Next(5) != 0) path.Append(Id(random, operation.Noun));
            else path.Append((string?)operation.Parameters.First(p => (string)p["name"]! == segment[1..^1])["example"] ?? "x");
        }

        return path.ToString();
    }

    private static string Query(ApiOperation operation, Random random, bool isHostile)
    {
        var query = new StringBuilder();
        foreach (JsonObject parameter in operation.Parameters.Where(p => (string)p["in"]! == "query"))
        {
            if (random.Next(3) != 0) continue;
            for (int times = isHostile ? random.Next(1, 3) : 1; times > 0; times--)
                Add((string)parameter["name"]!, isHostile ? OneOf(random, HostileText.UrlValues) : Uri.EscapeDataString(Example(parameter, random)));
        }

        if (isHostile && random.Next(3) == 0) Add(OneOf(random, "unknown", "%00", "", "limit%5B%5D", "LIMIT", "ticket", "filter", "tag:x"), OneOf(random, HostileText.UrlValues));
        return query.ToString();

        void Add(string name, string value) => query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(value);
    }

    private static string Example(JsonObject parameter, Random random) => (string)parameter["name"]! switch
    {
        "limit" => $"{random.Next(1, 20)}",
        _ when parameter["example"] is { } example => example.ToString(),
        _ => OneOf(random, "x", "running", "standard.small", "instances.*", "ok", "2026-01-01T00:00:00Z", "available"),
    };

    private static string Id(Random random, string noun) => $"{{{{{noun}:{random.Next(1000)}}}}}";

    private static T OneOf<T>(Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
