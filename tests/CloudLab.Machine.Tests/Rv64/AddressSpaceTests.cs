using CloudLab.Machine.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>ASIDs: what may and what must not be remembered of address spaces, by every form of SFENCE.VMA.</summary>
public sealed class AddressSpaceTests
{
    private enum Step
    {
        Map,
        MapLarge,
        Switch,
        Fence,
        ToggleUserAccess,
        Load,
        Store,
        Fetch,
    }

    [Fact]
    public void No_access_sees_a_mapping_that_the_fences_before_it_forbid()
    {
        Gen<(Step, int, int, int)[]> steps = Gen.Select(
            Gen.Frequency(
                (3, Gen.Const(Step.Map)), (1, Gen.Const(Step.MapLarge)), (3, Gen.Const(Step.Switch)), (2, Gen.Const(Step.Fence)),
                (1, Gen.Const(Step.ToggleUserAccess)), (4, Gen.Const(Step.Load)), (2, Gen.Const(Step.Store)), (2, Gen.Const(Step.Fetch))),
            Gen.Int[0, 1 << 20], Gen.Int[0, 1 << 20], Gen.Int[0, 1 << 20]).Array[20, 200];
        steps.Sample(
            sequence =>
            {
                using var guest = new AddressSpaceGuest();
                foreach ((Step step, int a, int b, int c) in sequence) Take(guest, step, a, b, c);
            },
            iter: 300, threads: 1);
    }

    [Fact]
    public void A_space_is_remembered_while_another_is_in_force_and_until_its_fence()
    {
        using var guest = new AddressSpaceGuest();
        guest.Switch(1);
        guest.Map(0, 1, PageTables.Kernel);
        guest.Load(0);
        guest.Hart.Write64(AddressSpaceGuest.Place(1, 0), 0);
        guest.Switch(2);
        guest.Switch(1);
        // The page table says nothing is there any more, but no fence has said so yet.
        Assert.True(guest.Load(0));
        guest.Fence(null, 2);
        Assert.True(guest.Load(0));
        guest.Fence(AddressSpaceGuest.Address(0), 1);
        Assert.False(guest.Load(0));
    }

    [Fact]
    public void An_atomic_store_to_code_right_before_a_change_of_address_space_is_seen()
    {
        foreach (uint change in new[] { SfenceVma(Zero, Zero), Csrw(Csr.Satp, A3) })
        {
            using var guest = new AddressSpaceGuest();
            guest.Switch(1);
            guest.Map(0, 1, PageTables.Kernel);
            Assert.Equal(1, guest.Fetch(0));
            TestHart hart = guest.Hart;
            hart.SetX(A0, AddressSpaceGuest.Address(0));
            hart.SetX(A1, Li(A2, 77));
            hart.SetX(A3, AddressSpaceGuest.Satp(2));
            hart.Pc = TestHart.Code + 0x1_8000;
            hart.Execute(Amo(1, 2, Zero, A0, A1), change);
            guest.Switch(1);
            Assert.Equal(77, guest.Fetch(0));
        }
    }

    private static void Take(AddressSpaceGuest guest, Step step, int a, int b, int c)
    {
        int page = a % AddressSpaceGuest.Pages;
        switch (step)
        {
            case Step.Map: guest.Map(page, b % AddressSpaceGuest.Frames, Flags(c)); break;
            case Step.MapLarge: guest.MapLarge(isLarge: b % 2 == 0, Flags(c)); break;
            case Step.Switch: guest.Switch(a % AddressSpaceGuest.Spaces); break;
            case Step.Fence: guest.Fence(b % 3 != 0 ? AddressSpaceGuest.Address(page) : null, c % 3 != 0 ? c % AddressSpaceGuest.Asids : null); break;
            case Step.ToggleUserAccess: guest.ToggleUserAccess(); break;
            case Step.Load: guest.Load(page); break;
            case Step.Store: guest.Store(page); break;
            default: guest.Fetch(page); break;
        }
    }

    private static ulong Flags(int choice)
    {
        ulong flags = (choice % 4) switch
        {
            0 => 0UL,
            1 => PageTables.V | PageTables.R | PageTables.X | PageTables.A,
            _ => PageTables.Kernel,
        };
        return flags != 0 && choice / 4 % 3 == 0 ? flags | PageTables.G : flags;
    }
}
