using CloudLab.Machine.Devices;

namespace CloudLab.Machine.Tests.Devices;

/// <summary>A wire that remembers its level.</summary>
internal sealed class FakeLine : IInterruptLine
{
    private volatile bool _level;

    public bool Level => _level;

    public void Set(bool level) => _level = level;
}
