namespace CloudLab.ControlPlane.Common;

/// <summary>A <see cref="Result{T}"/> of whatever value, for who only asks whether there is one.</summary>
internal interface IResult
{
    CloudLabError? Error { get; }
}
