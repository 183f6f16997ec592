namespace CloudLab.Machine.Tests.Litmus;

/// <summary>What one round of a litmus test left: both locations, and two registers of each hart.</summary>
internal readonly record struct Outcome(ulong X, ulong Y, (ulong R0, ulong R1) H0, (ulong R0, ulong R1) H1, (ulong R0, ulong R1) H2, (ulong R0, ulong R1) H3)
{
    public override string ToString() => $"x={X} y={Y} | {Show(H0)} | {Show(H1)} | {Show(H2)} | {Show(H3)}";

    private static string Show((ulong R0, ulong R1) hart) => $"{hart.R0} {hart.R1}";
}
