using CloudLab.Machine;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>A use of a cached image: its pages stay for as long as it is held, whatever becomes of the image's row.</summary>
/// <remarks>A machine needs them until its end, since each boot reads them again. Disposing twice is harmless.</remarks>
internal sealed class ImageLease(GuestImage image, Action released) : IDisposable
{
    private Action? _released = released;

    public GuestImage Image { get; } = image;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _released, null)?.Invoke();
}
