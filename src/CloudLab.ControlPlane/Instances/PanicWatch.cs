using System.Text;

namespace CloudLab.ControlPlane.Instances;

/// <summary>Looks for the kernel's last words in what a guest writes to its console.</summary>
/// <remarks>
/// Runs on the vCPU's thread, so it only cuts the output into lines; what it keeps is bounded. A guest can of course
/// write these words without a panic: it harms itself alone.
/// </remarks>
internal sealed class PanicWatch(Action<string> panicked)
{
    private const int MaxLineLength = 256;

    private static readonly byte[] Words = "Kernel panic - not syncing"u8.ToArray();

    // A kernel that stays where it panicked says its words a second time, below the trace.
    private static readonly byte[] End = "---[ end "u8.ToArray();

    private readonly Lock _lock = new();
    private readonly byte[] _line = new byte[MaxLineLength];
    private int _length;

    /// <summary>Takes output in any portions; calls back for each line that has the words, with what is printable of it.</summary>
    public void Receive(ReadOnlySpan<byte> output)
    {
        lock (_lock)
        {
            while (!output.IsEmpty)
            {
                int end = output.IndexOf((byte)'\n');
                ReadOnlySpan<byte> part = end < 0 ? output : output[..end];
                ReadOnlySpan<byte> kept = part[..Math.Min(part.Length, MaxLineLength - _length)];
                kept.CopyTo(_line.AsSpan(_length));
                _length += kept.Length;
                if (end < 0) return;
                EndLine();
                output = output[(end + 1)..];
            }
        }
    }

    private void EndLine()
    {
        ReadOnlySpan<byte> line = _line.AsSpan(0, _length);
        _length = 0;
        int start = line.IndexOf(Words);
        if (start < 0 || line[..start].EndsWith(End)) return;
        var text = new StringBuilder();
        foreach (byte b in line[start..])
            if (b is >= (byte)' ' and <= (byte)'~')
                text.Append((char)b);
        panicked(text.ToString());
    }
}
