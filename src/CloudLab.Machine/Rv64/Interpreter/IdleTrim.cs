using CloudLab.Machine.Devices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Gives back the decoded code of a hart that has become idle: most of it ran while the guest booted, and never again.</summary>
/// <remarks>
/// What an idle guest goes on running is decoded anew, which takes a few milliseconds once. So that this stays the exception,
/// a hart is trimmed again only after it has worked again. Owned by the hart's thread.
/// </remarks>
internal sealed class IdleTrim(CodeCache code)
{
    /// <summary>Decoded code below this is left alone, in bytes: more than an idle Linux guest runs.</summary>
    public const ulong Threshold = 4UL << 20;

    /// <summary>How long a hart is looked at, in ticks: ten seconds.</summary>
    public const ulong Window = 10UL * VirtMemoryMap.TimebaseFrequency;

    /// <summary>Most instructions of an idle hart in a window: an idle Linux guest takes a twentieth of it.</summary>
    public const ulong IdleInstructions = 10_000_000;

    /// <summary>Instructions between two trims that make the second one worth it.</summary>
    public const ulong WorkInstructions = 50_000_000;

    private ulong _windowTicks;
    private ulong _windowInstructions;
    private ulong _trimInstructions;

    /// <summary>Called when the hart begins to wait, between blocks.</summary>
    /// <param name="ticks">The guest's clock.</param>
    /// <param name="instructions">Instructions that the hart has retired.</param>
    /// <returns>Whether the code was dropped: no block may be used any more.</returns>
    public bool OnWait(ulong ticks, ulong instructions)
    {
        if (unchecked(ticks - _windowTicks) < Window) return false;
        bool isIdle = unchecked(instructions - _windowInstructions) < IdleInstructions;
        _windowTicks = ticks;
        _windowInstructions = instructions;
        if (!isIdle || code.Used < Threshold || unchecked(instructions - _trimInstructions) < WorkInstructions) return false;
        _trimInstructions = instructions;
        code.Release();
        return true;
    }
}
