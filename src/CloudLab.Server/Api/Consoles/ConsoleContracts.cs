namespace CloudLab.Server.Api.Consoles;

/// <summary>Opens one console once.</summary>
internal sealed record ConsoleTicketView
{
    /// <summary>The ticket: whoever has it can type into the console.</summary>
    /// <example>k3Jx0b7Q0cJ8v5YtqB1nE4mZ2wHs9dLrVfUa6gXoTiA</example>
    public required string Ticket { get; init; }

    /// <summary>Until when it can be used.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The WebSocket to open, relative to this server, with the ticket in it.</summary>
    /// <example>/v1/instances/i-0123456789abcdef0/console/stream?ticket=…</example>
    public required string Url { get; init; }
}
