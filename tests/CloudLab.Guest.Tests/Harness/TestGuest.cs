using System.Text;
using System.Threading.Channels;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>A machine with someone at its console and a listener at its agent's port.</summary>
internal sealed class TestGuest : IAsyncDisposable
{
    private readonly ConsoleAttachment _console;
    private readonly Channel<string> _agentLines = Channel.CreateUnbounded<string>();
    private readonly Channel<MachineStatus> _statuses = Channel.CreateUnbounded<MachineStatus>();
    private readonly StringBuilder _agentText = new();

    private TestGuest(VirtualMachine machine)
    {
        Machine = machine;
        _console = machine.Spec.Console.Attach(replay: true);
        Shell = new Shell(_console.ReadAsync, TypeAsync);
        machine.StatusChanged += status => _statuses.Writer.TryWrite(status);
        machine.AgentReceived += OnAgentReceived;
    }

    public VirtualMachine Machine { get; }

    public Shell Shell { get; }

    /// <summary>Starts a machine and waits for its prompt.</summary>
    public static async Task<TestGuest> BootAsync(Hypervisor hypervisor, MachineSpec spec)
    {
        var guest = new TestGuest(hypervisor.Create(spec));
        try
        {
            await guest.Machine.StartAsync();
            await guest.Shell.PromptAsync();
            return guest;
        }
        catch
        {
            await guest.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes over a machine that was made in another way.</summary>
    public static TestGuest Watch(VirtualMachine machine) => new(machine);

    /// <summary>Waits for the agent's next line.</summary>
    public Task<string> AgentLineAsync() => NextAsync(_agentLines.Reader, static _ => true);

    /// <summary>Waits until the machine's status was as wanted, from the last one waited for on.</summary>
    public Task<MachineStatus> StatusAsync(Func<MachineStatus, bool> wanted) => NextAsync(_statuses.Reader, wanted);

    public async ValueTask DisposeAsync()
    {
        _console.Dispose();
        await Machine.DisposeAsync();
    }

    private async Task<T> NextAsync<T>(ChannelReader<T> reader, Func<T, bool> wanted)
    {
        using var deadline = new Deadline();
        try
        {
            while (true)
            {
                T next = await reader.ReadAsync(deadline.Token);
                if (wanted(next)) return next;
            }
        }
        catch (OperationCanceledException e) when (Deadline.IsOver(e))
        {
            throw new TimeoutException($"{Machine.Status}; the console shows:\n{Shell.Screen}", e);
        }
    }

    private ValueTask TypeAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        Assert.Equal(bytes.Length, _console.Write(bytes));
        return ValueTask.CompletedTask;
    }

    // On one vCPU's thread at a time.
    private void OnAgentReceived(ReadOnlyMemory<byte> bytes)
    {
        foreach (char c in Encoding.ASCII.GetString(bytes.Span))
        {
            if (c != '\n')
            {
                _agentText.Append(c);
                continue;
            }

            _agentLines.Writer.TryWrite(_agentText.ToString());
            _agentText.Clear();
        }
    }
}
