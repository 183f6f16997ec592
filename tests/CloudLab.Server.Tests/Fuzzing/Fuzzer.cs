using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>Sends made-up requests to a server and looks at each answer.</summary>
internal sealed class Fuzzer : IDisposable
{
    private static readonly string[] SecretMembers = ["secret", "token", "secretAccessKey"];

    private readonly TestServer _server;
    private readonly SecretWatch _watch;
    private readonly AnswerCheck _check;
    private readonly KnownIds _ids = new();
    private readonly ConcurrentBag<RawConnection> _connections = [];
    private readonly ConcurrentDictionary<FuzzCaller, string> _tokens = new();
    private readonly ConcurrentDictionary<string, string> _faults = new();
    private readonly ConcurrentDictionary<(string Operation, int Status), int> _answers = new();

    public Fuzzer(TestServer server, ApiDocument document, SecretWatch watch)
    {
        _server = server;
        _watch = watch;
        _check = new AnswerCheck(document);
    }

    /// <summary>What was wrong, the first request with each fault of each operation, as a command.</summary>
    public IReadOnlyCollection<string> Faults => [.. _faults.Values];

    /// <summary>How often each operation was answered with each status.</summary>
    public IReadOnlyDictionary<(string Operation, int Status), int> Answers => _answers;

    public async Task SendAsync(FuzzRequest made)
    {
        FuzzRequest request = made.Resolve(_ids.Pick);
        string? token = await TokenAsync(request.Caller);
        bool isStream = request.Operation.Path.EndsWith("/stream", StringComparison.Ordinal);
        bool isKept = _connections.TryTake(out RawConnection? kept);
        RawResponse? answer = await AskAsync(request, token, isStream, kept ?? await RawConnection.OpenAsync(_server.Url));
        // A server may close a connection that is kept just when it is used again (RFC 9112, 9.5); a new one it answers on.
        if (answer is null && isKept && request.Missing == 0)
            answer = await AskAsync(request, token, isStream, await RawConnection.OpenAsync(_server.Url));

        // Who does not finish its request may be hung up on.
        if (answer is null && request.Missing > 0) return;
        string? fault = answer is null ? "there is no answer" : isStream && answer.Status >= 400 ? null : _check.Fault(request, answer);
        // A backup holds everything, and says so.
        if (answer is not null && request.Operation.Id != "CreateBackup") fault ??= _watch.Find(answer.Text) is { } secret ? $"it tells a secret ({secret})" : null;
        if (fault is not null) _faults.TryAdd($"{request.Operation.Id} {fault}", $"{fault}: {answer?.Status} {Start(answer?.Text)}\n{request.ToCurl(_server.Url)}");
        if (answer is not null) await LearnAsync(request, answer);
    }

    private async Task<RawResponse?> AskAsync(FuzzRequest request, string? token, bool isStream, RawConnection connection)
    {
        await connection.SendAsync(request.ToBytes(_server.Url.Authority, token));
        if (request.Missing > 0) connection.EndSending();
        RawResponse? answer = await connection.ReadAsync(request.Operation.Method == "HEAD", headersOnly: isStream);
        if (connection.IsClosed || answer is null || request.Missing > 0) connection.Dispose();
        else _connections.Add(connection);
        return answer;
    }

    /// <summary>Hangs up on all connections.</summary>
    public void Dispose()
    {
        while (_connections.TryTake(out RawConnection? connection)) connection.Dispose();
    }

    private static string? Start(string? text) => text?.Length > 1000 ? text[..1000] : text;

    private async Task LearnAsync(FuzzRequest request, RawResponse answer)
    {
        if (request.IsPathIntact) _answers.AddOrUpdate((request.Operation.Id, answer.Status), 1, (_, count) => count + 1);
        // Its user, token or account is no more, or it took back its own role: someone else goes on.
        bool isCaller = request.Caller is not (FuzzCaller.Nobody or FuzzCaller.Liar);
        if (isCaller && answer.Text.Contains("\"invalid-token\"", StringComparison.Ordinal) || answer.Text.Contains("\"account-suspended\"", StringComparison.Ordinal))
            await ReplaceAsync(request.Caller);
        if (answer.Status < 300 && answer.ContentType == "application/json" && answer.TryParse(out JsonNode? json))
        {
            _ids.Learn(request.Operation.Noun, json);
            foreach (string member in SecretMembers)
                if (json is JsonObject && json[member] is JsonValue secret)
                    _watch.Add(request.Operation.Id, (string)secret!);
        }
    }

    private async Task<string?> TokenAsync(FuzzCaller caller) => caller switch
    {
        FuzzCaller.Nobody => null,
        FuzzCaller.Liar => "clt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
        _ => _tokens.TryGetValue(caller, out string? token) ? token : await ReplaceAsync(caller),
    };

    private async Task<string> ReplaceAsync(FuzzCaller caller)
    {
        using HttpClient client = caller switch
        {
            FuzzCaller.Admin => await _server.ClientAsync(Role.Admin),
            FuzzCaller.Operator => await _server.ClientAsync(Role.Operator),
            FuzzCaller.Viewer => await _server.ClientAsync(Role.Viewer),
            _ => (await _server.AccountAsync()).Admin,
        };
        string token = client.DefaultRequestHeaders.Authorization!.Parameter!;
        _watch.Add(caller.ToString(), token);
        return _tokens[caller] = token;
    }
}
