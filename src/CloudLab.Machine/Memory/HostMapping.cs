using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CloudLab.Machine.Memory;

/// <summary>A range of host memory from mmap(2), freed with <see cref="Dispose"/>.</summary>
internal sealed unsafe partial class HostMapping : IDisposable
{
    private const int ProtRead = 1;
    private const int ProtWrite = 2;
    private const int MapPrivateFlag = 0x02;
    private const int MapFixed = 0x10;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int MadvNoHugePage = 15;

    private readonly bool _inSmallPages;

    private HostMapping(byte* pointer, ulong length, bool inSmallPages)
    {
        Pointer = pointer;
        Length = length;
        _inSmallPages = inSmallPages;
        Advise();
    }

    public byte* Pointer { get; private set; }

    public ulong Length { get; }

    /// <summary>Demand-zero pages, not counted against the host's commit limit until touched.</summary>
    /// <param name="length">Bytes; rounded up to whole pages.</param>
    /// <param name="inSmallPages">Whether the host must not make huge pages of them.</param>
    public static HostMapping Anonymous(ulong length, bool inSmallPages = false)
    {
        length = (length + GuestMemory.PageSize - 1) & ~(ulong)(GuestMemory.PageSize - 1);
        return new HostMapping(Map(null, length, MapPrivateFlag | MapAnonymous | MapNoReserve, -1), length, inSmallPages);
    }

    /// <summary>Replaces part of the mapping by private pages of a file.</summary>
    public void MapPrivate(ulong offset, ImagePages file)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + file.MappedLength, Length);
        if (file.MappedLength == 0) return;
        // SAFETY: the fixed range lies inside this mapping, so it replaces pages of our own only.
        Map(Pointer + offset, file.MappedLength, MapPrivateFlag | MapFixed | MapNoReserve, file.Descriptor);
    }

    /// <summary>Replaces all of the mapping by private pages from the start of a file that is at least as long.</summary>
    public void MapPrivate(SafeFileHandle file) => Map(Pointer, Length, MapPrivateFlag | MapFixed | MapNoReserve, (int)file.DangerousGetHandle());

    /// <summary>Gives every page back to the host, so that it reads as zero, private file pages included.</summary>
    public void Zero()
    {
        Map(Pointer, Length, MapPrivateFlag | MapAnonymous | MapNoReserve | MapFixed, -1);
        Advise();
    }

    // For a machine whose construction failed half-way. Whoever uses the pointer holds this object, through a hart or a
    // memory that its task or its device references, until it has stopped.
    ~HostMapping() => Unmap();

    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    private void Unmap()
    {
        if (Pointer is null) return;
        _ = munmap(Pointer, (nuint)Length);
        Pointer = null;
    }

    /// <summary>A new mapping has forgotten what was advised. A host without huge pages refuses, and needs no advice.</summary>
    private void Advise()
    {
        // SAFETY: the range is this mapping, and the advice changes no content.
        if (_inSmallPages) _ = madvise(Pointer, (nuint)Length, MadvNoHugePage);
    }

    private static byte* Map(byte* address, ulong length, int flags, int descriptor)
    {
        // SAFETY: without MAP_FIXED the kernel chooses a free range; with it the callers name a range of ours.
        void* pointer = mmap(address, (nuint)length, ProtRead | ProtWrite, flags, descriptor, 0);
        if ((nint)pointer == -1)
            throw new IOException($"mmap of {length} bytes failed", new Win32Exception(Marshal.GetLastPInvokeError()));
        return (byte*)pointer;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(void* address, nuint length);

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint length, int advice);
}
