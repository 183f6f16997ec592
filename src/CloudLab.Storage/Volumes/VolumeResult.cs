using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Storage.Volumes;

/// <summary>A value, or the <see cref="VolumeError"/> that stands in its place.</summary>
public readonly struct VolumeResult<T>
    where T : class
{
    private VolumeResult(T? value, VolumeError error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value, when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The error, when not <see cref="IsOk"/>.</summary>
    public VolumeError Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    public bool IsOk => Value is not null;

    public static implicit operator VolumeResult<T>(T value) => new(value, default);

    public static implicit operator VolumeResult<T>(VolumeError error) => new(null, error);
}
