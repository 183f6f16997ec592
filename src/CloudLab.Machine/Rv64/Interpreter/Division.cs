namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Division as the M extension defines it (chapter 13.2): by zero and on overflow there is a result, no trap.</summary>
internal static class Division
{
    public static ulong Signed(ulong dividend, ulong divisor)
    {
        if (divisor == 0) return ulong.MaxValue;
        return divisor == ulong.MaxValue ? 0 - dividend : (ulong)((long)dividend / (long)divisor);
    }

    public static ulong SignedRemainder(ulong dividend, ulong divisor)
    {
        if (divisor == 0) return dividend;
        return divisor == ulong.MaxValue ? 0 : (ulong)((long)dividend % (long)divisor);
    }

    public static ulong SignedWord(ulong dividend, ulong divisor)
    {
        int n = (int)dividend, d = (int)divisor;
        if (d == 0) return ulong.MaxValue;
        return (ulong)(long)(d == -1 ? unchecked(0 - n) : n / d);
    }

    public static ulong UnsignedWord(ulong dividend, ulong divisor)
    {
        uint d = (uint)divisor;
        return d == 0 ? ulong.MaxValue : (ulong)(long)(int)((uint)dividend / d);
    }

    public static ulong SignedRemainderWord(ulong dividend, ulong divisor)
    {
        int n = (int)dividend, d = (int)divisor;
        if (d == 0) return (ulong)(long)n;
        return d == -1 ? 0 : (ulong)(long)(n % d);
    }

    public static ulong UnsignedRemainderWord(ulong dividend, ulong divisor)
    {
        uint n = (uint)dividend, d = (uint)divisor;
        return (ulong)(long)(int)(d == 0 ? n : n % d);
    }
}
