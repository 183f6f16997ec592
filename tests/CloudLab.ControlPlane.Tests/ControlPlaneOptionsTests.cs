using CloudLab.Machine;
using Microsoft.Extensions.Options;
using Xunit;

namespace CloudLab.ControlPlane.Tests;

public sealed class ControlPlaneOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => new ControlPlaneOptions().Validate();

    [Fact]
    public void Every_value_out_of_range_is_named()
    {
        var options = new ControlPlaneOptions
        {
            HostName = "two words",
            Hypervisor = new HypervisorOptions { MemoryBudget = 0, Workers = 0, MemoryOvercommit = double.NaN },
            VcpuOvercommit = double.PositiveInfinity,
            LeaseDuration = TimeSpan.Zero,
            ReconcileInterval = TimeSpan.Zero,
            StopTimeout = TimeSpan.FromSeconds(-1),
            AgentSilence = TimeSpan.Zero,
            CheckInterval = TimeSpan.Zero,
            TerminatedRetention = TimeSpan.FromSeconds(-1),
            ClientTokenRetention = TimeSpan.FromSeconds(-2),
        };
        var thrown = Assert.Throws<OptionsValidationException>(options.Validate);
        Assert.Equal(12, thrown.Failures.Count());
    }
}
