using CloudLab.ControlPlane;
using CloudLab.Machine;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Harness;

internal static class SmallHost
{
    /// <summary>A host with little memory for guests.</summary>
    public static void AddSmallHost(this IServiceCollection services, ulong megabytes)
    {
        var hypervisor = new HypervisorOptions { MemoryBudget = megabytes << 20 };
        services.AddSingleton(new ControlPlaneOptions { StopTimeout = TimeSpan.FromMilliseconds(200), Hypervisor = hypervisor });
        services.AddSingleton(_ => new Hypervisor(hypervisor));
    }
}
