using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>The condition that a filter's values make, or what is wrong with them.</summary>
internal readonly struct FilterCondition<TRow>
{
    private FilterCondition(Expression<Func<TRow, bool>>? condition, string? problem)
    {
        Condition = condition;
        Problem = problem;
    }

    public Expression<Func<TRow, bool>>? Condition { get; }

    public string? Problem { get; }

    [MemberNotNullWhen(true, nameof(Condition))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsOk => Condition is not null;

    public static implicit operator FilterCondition<TRow>(Expression<Func<TRow, bool>> condition) => new(condition, null);

    public static implicit operator FilterCondition<TRow>(string problem) => new(null, problem);
}
