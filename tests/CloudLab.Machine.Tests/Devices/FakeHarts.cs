using CloudLab.Machine.Devices;

namespace CloudLab.Machine.Tests.Devices;

/// <summary>Harts that remember what their interrupt inputs were set to.</summary>
internal sealed class FakeHarts(int count) : IHartInterrupts
{
    public int Count => count;

    public bool[] Machine { get; } = new bool[count];

    public bool[] Supervisor { get; } = new bool[count];

    public bool[] Software { get; } = new bool[count];

    public ulong[] Deadline { get; } = new ulong[count];

    public void SetExternal(int hart, bool supervisor, bool level) => (supervisor ? Supervisor : Machine)[hart] = level;

    public void SetSoftware(int hart, bool level) => Software[hart] = level;

    public void SetTimerDeadline(int hart, ulong mtimecmp) => Deadline[hart] = mtimecmp;
}
