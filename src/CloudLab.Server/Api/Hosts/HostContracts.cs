using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;

namespace CloudLab.Server.Api.Hosts;

/// <summary>The hosts there are.</summary>
internal sealed record HostList
{
    /// <summary>By name.</summary>
    public required IReadOnlyList<HostView> Hosts { get; init; }
}

/// <summary>A process that runs machines.</summary>
internal sealed record HostView
{
    /// <summary>Its name, unique among those that share the database.</summary>
    /// <example>cloudlab</example>
    public required string Name { get; init; }

    /// <summary>The guests' instruction set.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Whether its lease holds.</summary>
    /// <example>true</example>
    public required bool Alive { get; init; }

    /// <summary>Until when it is taken to be alive.</summary>
    public required DateTimeOffset LeaseUntil { get; init; }

    /// <summary>Rises with each process that takes the name, and when another host fences it off.</summary>
    /// <example>3</example>
    public required long Epoch { get; init; }

    /// <summary>The host threads that run vCPUs.</summary>
    /// <example>8</example>
    public required int Vcpus { get; init; }

    /// <summary>The bytes of RAM that placement promises to instances.</summary>
    /// <example>17179869184</example>
    public required long MemoryBytes { get; init; }

    /// <summary>How many instances it has that are not terminated.</summary>
    /// <example>2</example>
    public required int Instances { get; init; }

    /// <summary>The vCPUs of those that run or should run.</summary>
    /// <example>2</example>
    public required int UsedVcpus { get; init; }

    /// <summary>The RAM of those that run or should run.</summary>
    /// <example>268435456</example>
    public required long UsedMemoryBytes { get; init; }

    public static HostView Of(HostDetails host) => new()
    {
        Name = host.Name,
        Architecture = host.Architecture,
        Alive = host.IsAlive,
        LeaseUntil = host.LeaseUntil,
        Epoch = host.Epoch,
        Vcpus = host.Vcpus,
        MemoryBytes = host.MemoryBytes,
        Instances = host.Instances,
        UsedVcpus = host.UsedVcpus,
        UsedMemoryBytes = host.UsedMemoryBytes,
    };
}
