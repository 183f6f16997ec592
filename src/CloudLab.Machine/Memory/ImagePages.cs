using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Machine.Memory;

/// <summary>
/// A read-only image (kernel, initramfs, firmware) held once in anonymous host memory (memfd_create(2)) and mapped
/// copy-on-write by every machine that boots it. Owned by the <see cref="Hypervisor"/>.
/// </summary>
internal sealed partial class ImagePages : IDisposable
{
    private readonly SafeFileHandle _handle;

    private ImagePages(SafeFileHandle handle, ulong length)
    {
        _handle = handle;
        Length = length;
    }

    /// <summary>The image's size in bytes.</summary>
    public ulong Length { get; }

    /// <summary><see cref="Length"/> rounded up to whole pages; the rest of the last page reads as zero.</summary>
    public ulong MappedLength => (Length + GuestMemory.PageSize - 1) & ~(ulong)(GuestMemory.PageSize - 1);

    public int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Reads <paramref name="source"/> to its end.</summary>
    public static async Task<ImagePages> LoadAsync(string name, Stream source, CancellationToken cancellationToken)
    {
        int descriptor = memfd_create(name, 1 /* MFD_CLOEXEC */);
        if (descriptor < 0) throw new IOException("memfd_create failed", new Win32Exception(Marshal.GetLastPInvokeError()));
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            byte[] buffer = new byte[1 << 20];
            ulong length = 0;
            int read;
            while ((read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                await RandomAccess.WriteAsync(handle, buffer.AsMemory(0, read), (long)length, cancellationToken).ConfigureAwait(false);
                length += (ulong)read;
            }

            return new ImagePages(handle, length);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public void Read(ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(_handle, destination, (long)offset);
            if (read <= 0) throw new EndOfStreamException("the image is shorter than what was asked of it");
            destination = destination[read..];
            offset += (ulong)read;
        }
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}
