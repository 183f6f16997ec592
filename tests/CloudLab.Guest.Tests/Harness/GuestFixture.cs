namespace CloudLab.Guest.Tests.Harness;

/// <summary>One booted guest for all tests of a class that leave it as it was.</summary>
public sealed class GuestFixture(BootImage image) : IAsyncLifetime
{
    private TestGuest? _guest;

    internal TestGuest Guest => _guest!;

    internal Shell Shell => Guest.Shell;

    public async ValueTask InitializeAsync() => _guest = await TestGuest.BootAsync(image.Hypervisor, image.Spec("shared"));

    public async ValueTask DisposeAsync()
    {
        if (_guest is not null) await _guest.DisposeAsync();
    }
}
