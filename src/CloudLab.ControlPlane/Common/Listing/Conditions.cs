using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>Puts conditions together so that a database can still evaluate them.</summary>
internal static class Conditions
{
    /// <summary>Any of these holds; at least one is given.</summary>
    public static Expression<Func<TRow, bool>> Any<TRow>(IReadOnlyList<Expression<Func<TRow, bool>>> conditions)
    {
        ParameterExpression row = conditions[0].Parameters[0];
        Expression body = conditions[0].Body;
        foreach (Expression<Func<TRow, bool>> condition in conditions.Skip(1))
            body = Expression.OrElse(body, Replace(condition, row));
        return Expression.Lambda<Func<TRow, bool>>(body, row);
    }

    /// <summary>The text equals the value, or matches its wildcards; by bytes, so upper and lower case differ.</summary>
    public static Expression<Func<TRow, bool>> Matches<TRow>(Expression<Func<TRow, string>> text, FilterText value)
    {
        // Captured, not constant, so that the value becomes a parameter and the query is compiled once.
        string wanted = value.Pattern ?? value.Exact;
        Expression<Func<string, bool>> condition =
            value.Pattern is null ? t => t == wanted : t => EF.Functions.Like(t, wanted, "\\");
        return Expression.Lambda<Func<TRow, bool>>(Replace(condition, text.Body), text.Parameters);
    }

    private static Expression Replace(LambdaExpression lambda, Expression argument) =>
        new ParameterReplacer(lambda.Parameters[0], argument).Visit(lambda.Body);

    private sealed class ParameterReplacer(ParameterExpression parameter, Expression argument) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? argument : node;
    }
}
