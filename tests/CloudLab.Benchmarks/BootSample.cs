namespace CloudLab.Benchmarks;

/// <summary>One boot from power-on to the shell's prompt.</summary>
/// <param name="WallSeconds">From the start of the process to the prompt.</param>
/// <param name="CpuSeconds">Of the whole process, all threads.</param>
/// <param name="Instructions">Guest instructions retired; 0 where the peer does not count them.</param>
/// <param name="VcpuSeconds">Host CPU time of the vCPU alone; 0 where the peer does not tell.</param>
internal sealed record BootSample(double WallSeconds, double CpuSeconds, double Instructions, double VcpuSeconds);
