namespace CloudLab.Server.Console;

/// <summary>Marks a route that a one-time console ticket opens as well as a token.</summary>
internal sealed class AcceptsConsoleTicket
{
    public static readonly AcceptsConsoleTicket Instance = new();
}
