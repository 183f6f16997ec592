using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Storage.Blobs;

/// <summary>A value, or the <see cref="BlobError"/> that stands in its place.</summary>
public readonly struct BlobResult<T>
    where T : class
{
    private BlobResult(T? value, BlobError error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value, when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The error, when not <see cref="IsOk"/>.</summary>
    public BlobError Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    public bool IsOk => Value is not null;

    public static implicit operator BlobResult<T>(T value) => new(value, default);

    public static implicit operator BlobResult<T>(BlobError error) => new(null, error);
}
