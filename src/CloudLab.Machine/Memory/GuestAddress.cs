using System.Globalization;

namespace CloudLab.Machine.Memory;

/// <summary>A guest-physical address in bytes. Never a host pointer and never a guest-virtual address.</summary>
public readonly record struct GuestAddress(ulong Value) : IComparable<GuestAddress>
{
    /// <summary>The address <paramref name="offset"/> bytes further on, modulo 2^64.</summary>
    public GuestAddress Add(ulong offset) => new(unchecked(Value + offset));

    /// <inheritdoc/>
    public int CompareTo(GuestAddress other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Value:x}");

    public static bool operator <(GuestAddress left, GuestAddress right) => left.Value < right.Value;

    public static bool operator >(GuestAddress left, GuestAddress right) => left.Value > right.Value;

    public static bool operator <=(GuestAddress left, GuestAddress right) => left.Value <= right.Value;

    public static bool operator >=(GuestAddress left, GuestAddress right) => left.Value >= right.Value;
}
