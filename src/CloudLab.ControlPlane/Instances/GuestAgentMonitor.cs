using System.Buffers.Text;
using System.Text;

namespace CloudLab.ControlPlane.Instances;

/// <summary>
/// Listens to a guest's agent: lines of ASCII text, <c>hello cloudlab-agent 1 RELEASE</c> once for each boot, then
/// <c>heartbeat SECONDS</c> of uptime every few seconds.
/// </summary>
/// <remarks>Whatever else the guest writes is counted and forgotten. Memory is bounded. Any thread.</remarks>
internal sealed class GuestAgentMonitor(TimeSpan silence, TimeProvider time)
{
    private const int MaxLineLength = 256;
    private const int MaxReleaseLength = 128;

    private readonly Lock _lock = new();
    private readonly byte[] _line = new byte[MaxLineLength];
    private int _length;
    private bool _isTooLong;
    private bool _isHeard;
    private bool _saidHello;
    private long _heardAt;
    private string? _release;
    private TimeSpan? _uptime;
    private long _garbage;

    /// <summary>Whether the guest answers: initializing until it first did, impaired after <c>silence</c> without a word.</summary>
    public CheckStatus Check
    {
        get
        {
            lock (_lock)
            {
                if (!_isHeard) return CheckStatus.Initializing;
                return time.GetElapsedTime(_heardAt) < silence ? CheckStatus.Passed : CheckStatus.Impaired;
            }
        }
    }

    /// <summary>The kernel release that the agent named.</summary>
    public string? Release
    {
        get
        {
            lock (_lock) return _release;
        }
    }

    /// <summary>The uptime that the agent last named.</summary>
    public TimeSpan? Uptime
    {
        get
        {
            lock (_lock) return _uptime;
        }
    }

    /// <summary>How many lines made no sense.</summary>
    public long GarbageLines
    {
        get
        {
            lock (_lock) return _garbage;
        }
    }

    /// <summary>Takes what the guest wrote, in any portions.</summary>
    /// <returns>Whether a hello was complete with it: from now on the agent listens.</returns>
    public bool Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _saidHello = false;
            foreach (byte b in bytes)
            {
                if (b == '\n')
                    EndLine();
                else if (_length < MaxLineLength)
                    _line[_length++] = b;
                else
                    _isTooLong = true;
            }

            return _saidHello;
        }
    }

    /// <summary>The guest boots again: what was heard is forgotten, the count of garbage is not.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            (_length, _isTooLong, _isHeard) = (0, false, false);
            (_release, _uptime) = (null, null);
        }
    }

    /// <summary>The guest stood still on the host's account: its silence until now does not count.</summary>
    public void Excuse()
    {
        lock (_lock) _heardAt = time.GetTimestamp();
    }

    private void EndLine()
    {
        ReadOnlySpan<byte> line = _line.AsSpan(0, _length);
        if (line.EndsWith("\r"u8)) line = line[..^1];
        if (!_isTooLong && Understand(line))
        {
            _isHeard = true;
            _heardAt = time.GetTimestamp();
        }
        else
        {
            _garbage++;
        }

        (_length, _isTooLong) = (0, false);
    }

    private bool Understand(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> hello = "hello cloudlab-agent 1 "u8;
        ReadOnlySpan<byte> heartbeat = "heartbeat "u8;
        if (line.StartsWith(hello))
        {
            ReadOnlySpan<byte> release = line[hello.Length..];
            if (release.Length is 0 or > MaxReleaseLength || release.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return false;
            _release = Encoding.ASCII.GetString(release);
            _saidHello = true;
            return true;
        }

        if (!line.StartsWith(heartbeat)) return false;
        bool isNumber = Utf8Parser.TryParse(line[heartbeat.Length..], out uint seconds, out int consumed)
            && consumed == line.Length - heartbeat.Length;
        if (isNumber) _uptime = TimeSpan.FromSeconds(seconds);
        return isNumber;
    }
}
