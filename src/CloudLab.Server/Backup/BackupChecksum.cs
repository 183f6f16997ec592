using System.Security.Cryptography;
using System.Text;

namespace CloudLab.Server.Backup;

/// <summary>The running checksum over a backup's entries.</summary>
internal sealed class BackupChecksum : IDisposable
{
    private readonly IncrementalHash _all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Entries { get; private set; }

    public void Add(string name, ReadOnlySpan<byte> contentHash)
    {
        _all.AppendData(Encoding.UTF8.GetBytes(name));
        _all.AppendData([0]);
        _all.AppendData(contentHash);
        Entries++;
    }

    public BackupEnd End() => new(Entries, Convert.ToHexStringLower(_all.GetCurrentHash()));

    public void Dispose() => _all.Dispose();
}
