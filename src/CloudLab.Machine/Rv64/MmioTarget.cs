namespace CloudLab.Machine.Rv64;

/// <summary>What becomes of the bytes that an MMIO load read.</summary>
internal enum MmioTarget
{
    /// <summary>Into x, zero-extended.</summary>
    Unsigned,

    /// <summary>Into x, sign-extended.</summary>
    Signed,

    /// <summary>Into f, NaN-boxed when 4 bytes.</summary>
    Float,
}
