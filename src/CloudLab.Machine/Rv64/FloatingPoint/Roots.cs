namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// Quotients and square roots of <see cref="Unpacked"/> significands. The host's double arithmetic gives an estimate that
/// is at most a few units wrong, and its remainder, which fits in 64 bits, makes it exact: nothing depends on how the host rounds.
/// </summary>
internal static class Roots
{
    // A double's 53 bits are the longest significand; the bits below are zero.
    private const int SpareBits = Unpacked.LeadingBit - 52;

    // Enough for 53 bits and the one that decides a rounding; the sticky bit comes below.
    private const int QuotientBits = 54;
    private const int RootShift = 27;

    /// <summary>
    /// <paramref name="dividend"/> / <paramref name="divisor"/> × 2^62 with a sticky bit 0; the leading one is bit 62 or 61.
    /// </summary>
    public static ulong Quotient(ulong dividend, ulong divisor)
    {
        ulong n = dividend >> SpareBits;
        ulong d = divisor >> SpareBits;
        ulong quotient = (ulong)((double)(long)n / (long)d * (1L << QuotientBits));

        // The exact remainder is far below 2^63, so that the low 64 bits of its terms suffice.
        long remainder = (long)((n << QuotientBits) - (quotient * d));
        for (; remainder < 0; remainder += (long)d) quotient--;
        for (; remainder >= (long)d; remainder -= (long)d) quotient++;
        return (quotient << (Unpacked.LeadingBit - QuotientBits)) | (remainder == 0 ? 0UL : 1UL);
    }

    /// <summary>
    /// √(<paramref name="significand"/> × 2^62), or of twice that for an odd exponent, with a sticky bit 0; the leading one is bit 62.
    /// </summary>
    public static ulong SquareRoot(ulong significand, bool odd)
    {
        ulong n = significand >> (SpareBits - (odd ? 1 : 0));
        ulong root = (ulong)(Math.Sqrt((long)n) * (1L << RootShift));

        // As above; the remainder of root² is 2·root + 1 smaller than that of (root + 1)².
        long remainder = (long)((n << (2 * RootShift)) - (root * root));
        for (; remainder < 0; remainder += (long)((2 * root) + 1)) root--;
        for (; remainder > (long)(2 * root); root++) remainder -= (long)((2 * root) + 1);
        return (root << (Unpacked.LeadingBit - 26 - RootShift)) | (remainder == 0 ? 0UL : 1UL);
    }
}
