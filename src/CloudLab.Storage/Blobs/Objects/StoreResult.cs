using System.Diagnostics.CodeAnalysis;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A value, or the <see cref="StoreFailure"/> that stands in its place.</summary>
public readonly struct StoreResult<T>
    where T : class
{
    private StoreResult(T? value, StoreFailure? failure)
    {
        Value = value;
        Failure = failure;
    }

    /// <summary>The value, when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The failure, when not <see cref="IsOk"/>.</summary>
    public StoreFailure? Failure { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsOk => Value is not null;

    public static implicit operator StoreResult<T>(T value) => new(value, null);

    public static implicit operator StoreResult<T>(StoreFailure failure) => new(null, failure);

    public static implicit operator StoreResult<T>(StoreError error) => new(null, new StoreFailure(error));
}
