using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>CSR instructions and the rules of the single registers.</summary>
public sealed class CsrTests
{
    [Fact]
    public void The_six_forms_read_the_old_value_and_write_set_or_clear()
    {
        Gen.Select(Gen.UInt[1, 3], Gen.Bool, Gen.UInt[0, 31], Gen.UInt[0, 31], EdgeValues.Any, EdgeValues.Any).Sample(
            (function, isImmediate, rd, source, old, operand) =>
            {
                using TestHart hart = TestHart.InMachineMode();
                hart.WriteCsr(Csr.Mscratch, old);
                hart.SetX(source, operand);
                ulong value = isImmediate ? source : source == 0 ? 0 : operand;
                hart.Execute(Csr.Mscratch << 20 | source << 15 | (function | (isImmediate ? 4u : 0)) << 12 | rd << 7 | 0x73);
                Assert.Equal(function switch { 1 => value, 2 => old | value, _ => old & ~value }, hart.ReadCsr(Csr.Mscratch));
                if (rd != 0) Assert.Equal(old, hart.X(rd));
                Assert.Equal(0UL, hart.X(0));
            },
            iter: 150, threads: 1);
    }

    [Fact]
    public void Every_number_is_legal_or_illegal_by_privilege_access_and_existence()
    {
        using TestHart hart = TestHart.InMachineMode();
        var existing = new HashSet<uint>();
        for (uint number = 0; number < 4096; number++)
        {
            hart.Hart.Reset();
            hart.SetFloatState(3);
            if (hart.Hart.ExecuteCsr(Csrr(A0, number))) existing.Add(number);
        }

        Assert.Contains(Csr.Mstatus, existing);
        Assert.DoesNotContain(0x7c0u, existing);
        foreach (Privilege mode in new[] { Privilege.User, Privilege.Supervisor, Privilege.Machine })
            for (uint number = 0; number < 4096; number++)
            {
                hart.Hart.Reset();
                hart.SetFloatState(3);
                hart.WriteCsr(Csr.Mcounteren, 7);
                hart.WriteCsr(Csr.Scounteren, 7);
                hart.WriteCsr(Csr.Menvcfg, 1UL << 63);
                hart.Hart.SetPrivilege(mode);
                bool isMonitor = number is > Csr.Instret and <= Csr.LastCounter;
                bool isReadable = existing.Contains(number) && (uint)mode >= (number >> 8 & 3) && (!isMonitor || mode == Privilege.Machine);
                Assert.True(isReadable == hart.Hart.ExecuteCsr(Csrr(A0, number)), $"reading 0x{number:x} in {mode}");
                // Setting no bits by register number 0 is no write; a source register that holds 0 is one.
                hart.SetX(A1, 0);
                bool isWritable = isReadable && number >> 10 != 3;
                Assert.True(isWritable == hart.Hart.ExecuteCsr(Csrrs(A0, number, A1)), $"writing 0x{number:x} in {mode}");
            }
    }

    [Theory]
    [InlineData(8UL)]
    [InlineData(9UL)]
    [InlineData(0UL)]
    public void Satp_takes_the_supported_modes(ulong mode)
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Csr.Satp, mode << 60 | 0x1234);
        Assert.Equal(mode << 60 | 0x1234, hart.ReadCsr(Csr.Satp));
    }

    [Fact]
    public void Satp_is_unchanged_by_an_unsupported_mode()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Csr.Satp, 8UL << 60 | 0x1234);
        for (ulong mode = 1; mode < 16; mode++)
        {
            if (mode is 8 or 9) continue;
            hart.WriteCsr(Csr.Satp, mode << 60 | 0x55);
            Assert.Equal(8UL << 60 | 0x1234, hart.ReadCsr(Csr.Satp));
        }
    }

    [Fact]
    public void Mstatus_holds_what_can_be_written_and_nothing_else()
    {
        using TestHart hart = TestHart.InMachineMode();
        EdgeValues.Any.Sample(
            value =>
            {
                ulong old = hart.ReadCsr(Csr.Mstatus);
                hart.WriteCsr(Csr.Mstatus, value);
                ulong expected = (value & (StatusBits.MachineWritable | StatusBits.Fs)) | StatusBits.Uxl64 | StatusBits.Sxl64;
                if ((value & StatusBits.Mpp) == 2UL << StatusBits.MppShift) expected = (expected & ~StatusBits.Mpp) | (old & StatusBits.Mpp);
                if ((value & StatusBits.Fs) == StatusBits.Fs) expected |= StatusBits.Sd;
                Assert.Equal(expected, hart.ReadCsr(Csr.Mstatus));
                ulong visible = StatusBits.SupervisorWritable | StatusBits.Fs | StatusBits.Uxl64 | StatusBits.Sd;
                Assert.Equal(expected & visible, hart.ReadCsr(Csr.Sstatus));
            },
            iter: 500, threads: 1);
    }

    [Fact]
    public void Sstatus_changes_the_supervisors_fields_of_mstatus_only()
    {
        using TestHart hart = TestHart.InMachineMode();
        Gen.Select(EdgeValues.Any, EdgeValues.Any).Sample(
            (machine, value) =>
            {
                hart.WriteCsr(Csr.Mstatus, machine);
                ulong before = hart.ReadCsr(Csr.Mstatus) & ~StatusBits.Sd;
                hart.WriteCsr(Csr.Sstatus, value);
                ulong changeable = StatusBits.SupervisorWritable | StatusBits.Fs;
                Assert.Equal((before & ~changeable) | (value & changeable), hart.ReadCsr(Csr.Mstatus) & ~StatusBits.Sd);
            },
            iter: 500, threads: 1);
    }

    [Theory]
    [InlineData(Csr.Mtvec)]
    [InlineData(Csr.Stvec)]
    public void Trap_vectors_know_direct_and_vectored_only(uint number)
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(number, 0x8000_0001);
        Assert.Equal(0x8000_0001UL, hart.ReadCsr(number));
        hart.WriteCsr(number, 0x9000_0002);
        Assert.Equal(0x9000_0001UL, hart.ReadCsr(number));
        hart.WriteCsr(number, 0xa000_0003);
        Assert.Equal(0xa000_0001UL, hart.ReadCsr(number));
        hart.WriteCsr(number, 0xb000_0000);
        Assert.Equal(0xb000_0000UL, hart.ReadCsr(number));
    }

    [Fact]
    public void Exception_pcs_are_even_and_delegation_masks_hold_what_exists()
    {
        using TestHart hart = TestHart.InMachineMode();
        foreach (uint number in new[] { Csr.Mepc, Csr.Sepc })
        {
            hart.WriteCsr(number, ulong.MaxValue);
            Assert.Equal(ulong.MaxValue - 1, hart.ReadCsr(number));
        }

        hart.WriteCsr(Csr.Medeleg, ulong.MaxValue);
        Assert.Equal(0xb3ffUL, hart.ReadCsr(Csr.Medeleg));
        hart.WriteCsr(Csr.Mideleg, ulong.MaxValue);
        Assert.Equal(InterruptBits.Supervisor, hart.ReadCsr(Csr.Mideleg));
        hart.WriteCsr(Csr.Mie, ulong.MaxValue);
        Assert.Equal(InterruptBits.Supervisor | InterruptBits.Machine, hart.ReadCsr(Csr.Mie));
        hart.WriteCsr(Csr.Misa, 0);
        Assert.Equal(0x8000_0000_0014_112dUL, hart.ReadCsr(Csr.Misa));
    }

    [Fact]
    public void Sie_and_sip_show_delegated_interrupts_only()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Csr.Mie, ulong.MaxValue);
        hart.Hart.SetLine(InterruptBits.Supervisor, true);
        hart.WriteCsr(Csr.Mideleg, InterruptBits.SupervisorExternal);
        Assert.Equal(InterruptBits.SupervisorExternal, hart.ReadCsr(Csr.Sie));
        Assert.Equal(InterruptBits.SupervisorExternal, hart.ReadCsr(Csr.Sip));
        hart.WriteCsr(Csr.Sie, 0);
        Assert.Equal((InterruptBits.Supervisor | InterruptBits.Machine) & ~InterruptBits.SupervisorExternal, hart.ReadCsr(Csr.Mie));
    }

    [Theory]
    [InlineData(Csr.Cycle, 1UL)]
    [InlineData(Csr.Time, 2UL)]
    [InlineData(Csr.Instret, 4UL)]
    public void Counters_are_open_to_a_mode_when_all_above_it_enable_them(uint number, ulong bit)
    {
        using TestHart hart = TestHart.InMachineMode();
        foreach ((ulong machine, ulong supervisor) in new[] { (0UL, 0UL), (bit, 0UL), (0UL, bit), (bit, bit), (~bit, ~bit) })
        {
            hart.WriteCsr(Csr.Mcounteren, machine);
            hart.WriteCsr(Csr.Scounteren, supervisor);
            hart.Hart.SetPrivilege(Privilege.Supervisor);
            Assert.Equal((machine & bit) != 0, hart.Hart.ExecuteCsr(Csrr(A0, number)));
            hart.Hart.SetPrivilege(Privilege.User);
            Assert.Equal((machine & supervisor & bit) != 0, hart.Hart.ExecuteCsr(Csrr(A0, number)));
            hart.Hart.SetPrivilege(Privilege.Machine);
            Assert.True(hart.Hart.ExecuteCsr(Csrr(A0, number)));
        }
    }

    [Fact]
    public void Instret_counts_what_was_retired_before_the_reading_instruction()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.Execute(Csrr(A0, Csr.Instret), Nop, Nop, Csrr(A1, Csr.Instret), Jump(4), Csrr(A2, Csr.Instret));
        Assert.Equal(3UL, hart.X(A1) - hart.X(A0));
        Assert.Equal(2UL, hart.X(A2) - hart.X(A1));
    }

    [Fact]
    public void A_written_counter_is_read_as_written_by_the_next_instruction_and_leaves_the_other_alone()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.SetX(A0, ulong.MaxValue);
        hart.Execute(
            Csrr(A1, Csr.Mcycle), Csrw(Csr.Minstret, A0), Csrr(A2, Csr.Minstret), Csrr(A3, Csr.Minstret), Csrr(A4, Csr.Mcycle));
        Assert.Equal(ulong.MaxValue, hart.X(A2));
        Assert.Equal(0UL, hart.X(A3));
        Assert.Equal(4UL, hart.X(A4) - hart.X(A1));
    }

    [Fact]
    public void Stimecmp_is_the_supervisors_when_menvcfg_and_mcounteren_say_so()
    {
        using TestHart hart = TestHart.InMachineMode();
        foreach ((bool stce, bool tm) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            hart.WriteCsr(Csr.Menvcfg, stce ? 1UL << 63 : 0);
            hart.WriteCsr(Csr.Mcounteren, tm ? 2UL : 0);
            hart.Hart.SetPrivilege(Privilege.Supervisor);
            Assert.Equal(stce && tm, hart.Hart.ExecuteCsr(Csrr(A0, Csr.Stimecmp)));
            hart.Hart.SetPrivilege(Privilege.Machine);
        }
    }

    [Fact]
    public void Time_is_the_machines_clock()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        hart.Time.Ticks = 123_456_789;
        hart.Execute(Csrr(A0, Csr.Time));
        Assert.Equal(123_456_789UL, hart.X(A0));
    }
}
