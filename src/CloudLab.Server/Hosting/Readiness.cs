using CloudLab.ControlPlane.Images;
using CloudLab.Server.Api.Health;

namespace CloudLab.Server.Hosting;

/// <summary>Whether the built-in image can start an instance, as <c>/readyz</c> tells it.</summary>
internal sealed class Readiness
{
    private volatile ReadinessView _current = new() { Ready = false, Reason = "the server is starting", Image = null };

    public ReadinessView Current => _current;

    public void Set(ImageState state, string? reason) =>
        _current = new() { Ready = state == ImageState.Available, Reason = reason, Image = state };
}
