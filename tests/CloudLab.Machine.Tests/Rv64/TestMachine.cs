using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Several harts on one RAM with the VMM's firmware; a test runs them slice by slice.</summary>
internal sealed class TestMachine : IPowerControl, IDisposable
{
    public TestMachine(int harts)
    {
        Memory = new GuestMemory(new GuestAddress(TestHart.Ram), 8 << 20);
        var all = new Hart[harts];
        for (int i = 0; i < harts; i++) all[i] = new Hart(i, Memory, Time) { Peers = all };
        Vcpus = [.. all.Select(hart => new Rv64Vcpu(hart, new MmioBus(), () => { }))];
        var firmware = new SbiFirmware(Vcpus, Memory, this, bytes => Console.AddRange(bytes));
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Firmware = firmware;
        Vcpus[0].TryStart(TestHart.Code, 0);
        Vcpus[0].Run(0);
    }

    public GuestMemory Memory { get; }

    public ManualTime Time { get; } = new();

    public IReadOnlyList<Rv64Vcpu> Vcpus { get; }

    public List<byte> Console { get; } = [];

    /// <summary>What the guest asked of its machine's power, in order.</summary>
    public List<string> Power { get; } = [];

    public void Write(ulong address, params ReadOnlySpan<uint> code) => Memory.TryWrite(new GuestAddress(address), Asm.Bytes(code));

    /// <summary>Makes one SBI call on a hart that stands in S-mode, and leaves it behind the call.</summary>
    public unsafe (SbiError Error, ulong Value) Call(
        ulong extension, ulong function, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, int hart = 0)
    {
        HartState* h = Vcpus[hart].Hart.State;
        ulong[] arguments = [a0, a1, a2, a3, a4, 0, function, extension];
        for (int i = 0; i < arguments.Length; i++) h->X[10 + i] = arguments[i];
        Write(h->Pc, Asm.Ecall, Asm.Jump(0));
        Vcpus[hart].Run(100);
        return ((SbiError)h->X[10], h->X[11]);
    }

    void IPowerControl.PowerOff() => Power.Add("off");

    void IPowerControl.Reset() => Power.Add("reset");

    void IPowerControl.Fail(int code) => Power.Add($"fail {code}");

    public void Dispose()
    {
        foreach (Rv64Vcpu vcpu in Vcpus) vcpu.Dispose();
        Memory.Dispose();
    }
}
