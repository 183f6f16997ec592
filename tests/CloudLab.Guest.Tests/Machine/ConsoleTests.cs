using CloudLab.Guest.Tests.Harness;

namespace CloudLab.Guest.Tests.Machine;

public sealed class ConsoleTests(BootImage image)
{
    [Fact]
    public async Task A_guest_boots_to_a_prompt_and_answers_what_is_typed()
    {
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, image.Spec("console"));
        Assert.Equal("a42b", await guest.Shell.RunAsync("echo a$((6*7))b"));
        TestContext.Current.SendDiagnosticMessage(await guest.Shell.RunAsync("busybox --list | tr '\\n' ' '; ps; cat /proc/meminfo | head -3; dmesg | tail -30"));
        TestContext.Current.SendDiagnosticMessage(guest.Shell.Screen);
        TestContext.Current.SendDiagnosticMessage(guest.Machine.ReadMetrics().ToString());
    }
}
