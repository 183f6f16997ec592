using System.Globalization;

namespace CloudLab.ControlPlane.Instances;

/// <summary>Why an instance is in its state.</summary>
/// <param name="Code">One of the codes below; <c>Client.</c> where the account or the guest was the cause, <c>Server.</c> where CloudLab was.</param>
/// <param name="Message">The code and a sentence for people, as EC2 writes it.</param>
public sealed record StateReason(string Code, string Message)
{
    /// <summary>The longest message kept; a guest writes part of some.</summary>
    public const int MaxMessageLength = 512;

    internal const string ImageUnavailableCode = "Server.ImageUnavailable";

    public static StateReason UserInitiatedShutdown { get; } =
        Of("Client.UserInitiatedShutdown", "a user asked for it");

    public static StateReason InstanceInitiatedShutdown { get; } =
        Of("Client.InstanceInitiatedShutdown", "the guest powered itself off, with exit code 0");

    public static StateReason HostRestarted { get; } =
        Of("Server.HostRestarted", "the server restarted; the instance was started again");

    public static StateReason HostLost { get; } =
        Of("Server.HostLost", "the instance's host was lost; the instance was started again");

    /// <summary>The instance runs but is paused until the host has memory for what its guest writes.</summary>
    public static StateReason InsufficientHostMemory { get; } =
        Of("Server.InsufficientHostMemory", "the guest needs memory that its host does not have now; it is paused, and goes on when there is some");

    /// <summary>The guest reported a failure as it ended, through the test device or HTIF.</summary>
    public static StateReason GuestFailure(int exitCode) =>
        Of("Client.GuestFailure", string.Create(CultureInfo.InvariantCulture, $"the guest ended with exit code {exitCode}"));

    /// <summary>The image's files make no machine: they are not what they should be, or do not fit its memory.</summary>
    public static StateReason UnusableImage(string detail) => Of("Client.UnusableImage", detail);

    public static StateReason KernelPanic(string line) => Of("Client.KernelPanic", line);

    public static StateReason RepeatedKernelPanics(int count, string line) =>
        Of("Client.KernelPanic", $"{count} kernel panics within a minute stopped the instance; the last: {line}");

    public static StateReason InsufficientCapacity(string detail) => Of("Server.InsufficientInstanceCapacity", detail);

    public static StateReason ImageUnavailable(string detail) => Of(ImageUnavailableCode, detail);

    public static StateReason InternalError(string detail) => Of("Server.InternalError", detail);

    private static StateReason Of(string code, string text)
    {
        string message = $"{code}: {text}";
        return new StateReason(code, message.Length <= MaxMessageLength ? message : message[..MaxMessageLength]);
    }
}
