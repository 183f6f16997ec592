using CloudLab.Machine.Rv64;
using CloudLab.Machine.State;
using CloudLab.Machine.Tests.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.State;

public sealed class HartStateTests
{
    private static readonly uint[] Csrs =
        [
            Csr.Fcsr, Csr.Mstatus, Csr.Medeleg, Csr.Mideleg, Csr.Mie, Csr.Mtvec, Csr.Mcounteren, Csr.Menvcfg, Csr.Mscratch, Csr.Mepc, Csr.Mcause, Csr.Mtval,
            Csr.Mip, Csr.Stvec, Csr.Scounteren, Csr.Senvcfg, Csr.Sscratch, Csr.Sepc, Csr.Scause, Csr.Stval, Csr.Satp, Csr.Stimecmp,
            Csr.Mcycle, Csr.Minstret, .. Enumerable.Range(0, Pmp.Count).Select(i => Csr.Pmpaddr0 + (uint)i), Csr.Pmpcfg0, Csr.Pmpcfg0 + 2,
        ];

    /// <summary>Whatever a guest can write, random in every bit, comes back.</summary>
    [Fact]
    public void Every_register_comes_back() => Gen.Select(Gen.ULong.Array[64], Gen.ULong.Array[Csrs.Length], Gen.Int[0, 2], Gen.Bool).Sample(
        (registers, values, privilege, waits) =>
        {
            using TestHart hart = TestHart.InMachineMode();
            for (uint i = 1; i < 32; i++) hart.SetX(i, registers[i]);
            for (uint i = 0; i < 32; i++) hart.SetF(i, registers[32 + i]);
            hart.SetFloatState(3);
            // mstatus, which may turn floats off, after fcsr; PMP entries may lock themselves, so their configuration is last.
            for (int i = 0; i < Csrs.Length; i++) hart.WriteCsr(Csrs[i], values[i]);
            hart.Pc = values[0] & ~1UL;
            hart.Hart.SetPrivilege(privilege == 2 ? Privilege.Machine : (Privilege)privilege);
            if (waits) hart.Vcpu.Suspend();
            byte[] saved = Save(hart);

            using var other = new TestHart();
            Restore(other, saved);
            Assert.Equal(hart.Pc, other.Pc);
            Assert.Equal(hart.Hart.Privilege, other.Hart.Privilege);
            Assert.Equal(hart.Hart.DataContext, other.Hart.DataContext);
            for (uint i = 0; i < 32; i++) Assert.Equal((hart.X(i), hart.F(i)), (other.X(i), other.F(i)));
            // Floats are off or on as mstatus says; on is where fcsr can be read.
            foreach (uint csr in Csrs.Where(csr => csr != Csr.Fcsr || hart.FloatState != 0)) Assert.Equal(hart.ReadCsr(csr), other.ReadCsr(csr));
            Assert.Equal(hart.Vcpu.IsRunnable, other.Vcpu.IsRunnable);
            Assert.Equal(saved, Save(other));
        },
        iter: 500);

    [Fact]
    public void A_hart_goes_on_in_the_middle_of_its_work()
    {
        uint[] sum = [Li(A0, 0), Li(A1, 0), Lui(A2, 0x4000), Addi(A1, A1, 1), Add(A0, A0, A1), Bltu(A1, A2, -8), Jump(0)];
        using TestHart whole = TestHart.InMachineMode(sum);
        whole.Vcpu.Run(1_000_000);
        TestHart hart = TestHart.InMachineMode(sum);
        for (int pieces = 0; pieces < 20; pieces++)
        {
            hart.Vcpu.Run(1000 + (pieces * 7));
            var next = new TestHart();
            Restore(next, Save(hart));
            next.Write(TestHart.Ram, Bytes(sum));
            hart.Dispose();
            hart = next;
        }

        Assert.NotEqual(whole.X(A0), hart.X(A0));
        hart.Vcpu.Run(1_000_000);
        Assert.Equal(whole.X(A0), hart.X(A0));
        hart.Dispose();
    }

    private static byte[] Save(TestHart hart)
    {
        var writer = new MachineStateWriter();
        hart.Vcpu.Save(writer);
        return writer.ToArray();
    }

    private static void Restore(TestHart hart, byte[] state)
    {
        // A MemoryStream is read within the call.
        MachineStateReader reader = MachineStateReader.ReadAsync(new MemoryStream(state), CancellationToken.None).GetAwaiter().GetResult();
        hart.Vcpu.Restore(reader);
        reader.End();
    }
}
