using System.Diagnostics.CodeAnalysis;

namespace CloudLab.ControlPlane.Common;

/// <summary>A value, or the <see cref="CloudLabError"/> that stands in its place.</summary>
public readonly struct Result<T> : IResult
    where T : class
{
    private Result(T? value, CloudLabError? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value, when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The error, when not <see cref="IsOk"/>.</summary>
    public CloudLabError? Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Value is not null;

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(CloudLabError error) => new(null, error);
}
