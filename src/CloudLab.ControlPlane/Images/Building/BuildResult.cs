using System.Diagnostics.CodeAnalysis;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>A value, or the <see cref="BuildError"/> that stands in its place.</summary>
public readonly struct BuildResult<T>
    where T : class
{
    private BuildResult(T? value, BuildError? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value, when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The error, when not <see cref="IsOk"/>.</summary>
    public BuildError? Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Value is not null;

    public static implicit operator BuildResult<T>(T value) => new(value, null);

    public static implicit operator BuildResult<T>(BuildError error) => new(null, error);
}
