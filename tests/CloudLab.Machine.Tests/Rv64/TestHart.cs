using System.Buffers.Binary;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>One hart with RAM and an empty bus, and access to all of its state. The clock stands still.</summary>
internal sealed unsafe class TestHart : IDisposable
{
    /// <summary>Where RAM starts and M-mode code is entered.</summary>
    public const ulong Ram = 0x8000_0000;

    /// <summary>Where S-mode code is entered.</summary>
    public const ulong Code = 0x8020_0000;

    /// <summary>The instructions a <see cref="Run()"/> may take.</summary>
    public const long Budget = 20_000;

    public TestHart(ulong memorySize = 8 << 20, MemoryAccount? account = null)
    {
        Memory = new GuestMemory(new GuestAddress(Ram), memorySize, account);
        Hart = new Hart(0, Memory, Time);
        Hart.Peers = [Hart];
        Vcpu = new Rv64Vcpu(Hart, Bus, () => Wakes++);
    }

    public GuestMemory Memory { get; }

    public MmioBus Bus { get; } = new();

    public ManualTime Time { get; } = new();

    public Hart Hart { get; }

    public Rv64Vcpu Vcpu { get; }

    /// <summary>How often the hart asked to be woken.</summary>
    public int Wakes { get; private set; }

    public ulong Pc
    {
        get => Hart.State->Pc;
        set => Hart.State->Pc = value;
    }

    /// <summary>A hart in M-mode at the start of RAM, as after power-on.</summary>
    public static TestHart InMachineMode(params ReadOnlySpan<uint> code)
    {
        var hart = new TestHart();
        hart.StartMachine();
        hart.Write(Ram, Asm.Bytes(code));
        return hart;
    }

    /// <summary>A hart in S-mode at <see cref="Code"/>, as firmware enters it, with nobody to answer its ecalls.</summary>
    public static TestHart InSupervisorMode(params ReadOnlySpan<uint> code)
    {
        var hart = new TestHart();
        hart.StartSupervisor();
        hart.Write(Code, Asm.Bytes(code));
        return hart;
    }

    public void StartSupervisor()
    {
        Vcpu.Reset();
        Vcpu.TryStart(Code, 0);
        // A slice of nothing enters the hart, and executes nothing.
        Vcpu.Run(0);
    }

    public void StartMachine()
    {
        StartSupervisor();
        Hart.Reset();
        Hart.IsFirmwarePlayed = false;
        // Without an entry, PMP would keep the lower modes from everything.
        Hart.Pmp.AllowAll();
        Pc = Ram;
    }

    /// <summary>Starts in M-mode at <paramref name="pc"/> with all of RAM and the registers as given.</summary>
    public void StartMachineWith(ulong pc, ReadOnlySpan<byte> ram, ReadOnlySpan<ulong> registers)
    {
        StartMachine();
        Write(Ram, ram);
        for (uint i = 1; i < 32; i++) SetX(i, registers[(int)i]);
        Pc = pc;
    }

    public ulong X(uint register) => Hart.State->X[register];

    public void SetX(uint register, ulong value)
    {
        if (register != 0) Hart.State->X[register] = value;
    }

    public ulong F(uint register) => Hart.State->F[register];

    public void SetF(uint register, ulong value) => Hart.State->F[register] = value;

    /// <summary>A CSR as M-mode reads it.</summary>
    public ulong ReadCsr(uint number)
    {
        ulong kept = X(31);
        Privilege privilege = Hart.Privilege;
        Hart.SetPrivilege(Privilege.Machine);
        bool exists = Hart.ExecuteCsr(Asm.Csrr(31, number));
        Hart.SetPrivilege(privilege);
        ulong value = X(31);
        SetX(31, kept);
        return exists ? value : throw new ArgumentException($"no CSR 0x{number:x}");
    }

    /// <summary>Writes a CSR as M-mode does.</summary>
    public void WriteCsr(uint number, ulong value)
    {
        ulong kept = X(31);
        Privilege privilege = Hart.Privilege;
        Hart.SetPrivilege(Privilege.Machine);
        SetX(31, value);
        bool exists = Hart.ExecuteCsr(Asm.Csrw(number, 31));
        Hart.SetPrivilege(privilege);
        SetX(31, kept);
        if (!exists) throw new ArgumentException($"CSR 0x{number:x} cannot be written");
    }

    public void SetCsrBits(uint number, ulong bits) => WriteCsr(number, ReadCsr(number) | bits);

    public void ClearCsrBits(uint number, ulong bits) => WriteCsr(number, ReadCsr(number) & ~bits);

    public void SetFloatState(uint state) => Hart.State->FloatState = state;

    public uint FloatState => Hart.State->FloatState;

    /// <summary>Runs for a slice.</summary>
    public VcpuExit Run() => Vcpu.Run(Budget);

    /// <summary>Runs code written to the place where the hart stands, to its end, which is marked by an added jump to itself.</summary>
    public void Execute(params ReadOnlySpan<uint> code)
    {
        ulong end = Pc + ((ulong)code.Length * 4);
        Write(Pc, Asm.Bytes([.. code, Asm.Jump(0)]));
        Vcpu.Run(1000 + (2 * code.Length));
        if (Pc != end) throw new InvalidOperationException($"the code did not come to its end at 0x{end:x} but to 0x{Pc:x}");
    }

    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!Memory.TryWrite(new GuestAddress(address), bytes)) throw new ArgumentException($"0x{address:x} is not RAM");
    }

    public void Write64(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Write(address, bytes);
    }

    public void Write32(ulong address, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Write(address, bytes);
    }

    public byte[] Read(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        if (!Memory.TryRead(new GuestAddress(address), bytes)) throw new ArgumentException($"0x{address:x} is not RAM");
        return bytes;
    }

    public ulong Read64(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(Read(address, 8));

    public void Dispose()
    {
        Vcpu.Dispose();
        Memory.Dispose();
    }
}
