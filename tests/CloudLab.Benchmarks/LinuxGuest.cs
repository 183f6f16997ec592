using System.Runtime.InteropServices;
using System.Text;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>One guest of the built-in image at its prompt, that takes commands.</summary>
internal sealed class LinuxGuest : IAsyncDisposable
{
    private readonly ConsoleAttachment _attachment;
    private readonly List<byte> _seen = [];

    private LinuxGuest(VirtualMachine machine)
    {
        Machine = machine;
        _attachment = machine.Spec.Console.Attach(replay: true);
    }

    public VirtualMachine Machine { get; }

    /// <summary>Starts a guest and waits for its prompt.</summary>
    public static async Task<LinuxGuest> StartAsync(Hypervisor hypervisor, MachineSpec spec)
    {
        var guest = new LinuxGuest(hypervisor.Create(spec));
        await guest.Machine.StartAsync();
        await guest.WaitForAsync("/ # "u8.ToArray());
        return guest;
    }

    /// <summary>Types a line and waits until the guest has printed a text, which the line itself does not hold.</summary>
    public async Task RunAsync(string line, string until)
    {
        _attachment.Write(Encoding.UTF8.GetBytes(line + "\n"));
        await WaitForAsync(Encoding.UTF8.GetBytes(until));
    }

    public async ValueTask DisposeAsync()
    {
        _attachment.Dispose();
        await Machine.DisposeAsync();
    }

    private async Task WaitForAsync(byte[] text)
    {
        int at;
        while ((at = CollectionsMarshal.AsSpan(_seen).IndexOf(text)) < 0)
        {
            byte[] more = await _attachment.ReadAsync(CancellationToken.None);
            if (more.Length == 0) throw new EndOfStreamException("the guest's console ended");
            _seen.AddRange(more);
        }

        _seen.RemoveRange(0, at + text.Length);
    }
}
