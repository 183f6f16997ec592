using System.Globalization;
using CloudLab.ControlPlane;

namespace CloudLab.Server.Hosting;

/// <summary>Reads the settings about this host: its name, and what its machines may use.</summary>
/// <param name="find">A setting's value, or null for its default.</param>
/// <param name="errors">What is wrong is added here, one sentence each.</param>
internal sealed class HostSettings(Func<Setting, string?> find, List<string> errors)
{
    // Four threads a core: more would only take turns.
    private static readonly int MostWorkers = 4 * Environment.ProcessorCount;

    // What one of the smallest instances needs.
    private const ulong LeastMiB = 128;
    private const double MostMemoryOvercommit = 16;
    private const double MostVcpuOvercommit = 1024;

    public ControlPlaneOptions Read()
    {
        var defaults = new ControlPlaneOptions();
        return defaults with
        {
            HostName = HostName() ?? defaults.HostName,
            Hypervisor = defaults.Hypervisor with
            {
                Workers = Workers() ?? defaults.Hypervisor.Workers,
                MemoryBudget = MemoryBudget() ?? defaults.Hypervisor.MemoryBudget,
                MemoryOvercommit = Ratio(Setting.MemoryOvercommit, MostMemoryOvercommit) ?? defaults.Hypervisor.MemoryOvercommit,
            },
            VcpuOvercommit = Ratio(Setting.VcpuOvercommit, MostVcpuOvercommit) ?? defaults.VcpuOvercommit,
        };
    }

    private string? HostName()
    {
        string? name = find(Setting.HostName);
        if (name is null || (name.Length is > 0 and <= 253 && !name.AsSpan().ContainsAnyExceptInRange('!', '~'))) return name;
        errors.Add($"--host-name '{name}' is no name. Use 1 to 253 printable ASCII characters without spaces.");
        return null;
    }

    private int? Workers()
    {
        string? text = find(Setting.Workers);
        if (text is null) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int workers) && workers >= 1 && workers <= MostWorkers)
            return workers;
        errors.Add($"--workers '{text}' is not a number from 1 to {MostWorkers}, four for each of this machine's cores. Leave it out for one each.");
        return null;
    }

    private ulong? MemoryBudget()
    {
        string? text = find(Setting.MemoryBudget);
        if (text is null) return null;
        // A container's limit where there is one: beyond it the kernel would end the server, and all guests with it.
        ulong available = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong budget) && budget >= LeastMiB && budget <= available)
            return budget << 20;
        errors.Add($"--memory-budget '{text}' is not a number of MiB from {LeastMiB} to {available}, which is what the server may use here. "
            + "Leave it out for three quarters of that; to promise guests more, use --memory-overcommit.");
        return null;
    }

    private double? Ratio(Setting setting, double most)
    {
        string? text = find(setting);
        if (text is null) return null;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double ratio) && ratio > 0 && ratio <= most)
            return ratio;
        errors.Add(string.Create(
            CultureInfo.InvariantCulture, $"--{setting.Name} '{text}' is not a number above 0 and up to {most}. An example: 1.5"));
        return null;
    }
}
