using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Server.S3;

/// <summary>A value, or the <see cref="S3Error"/> that stands in its place.</summary>
internal readonly struct S3Result<T>
{
    private S3Result(T? value, S3Error? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value, when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The error, when not <see cref="IsOk"/>.</summary>
    public S3Error? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    public static implicit operator S3Result<T>(T value) => new(value, null);

    public static implicit operator S3Result<T>(S3Error error) => new(default, error);
}
