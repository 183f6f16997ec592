using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Access;

/// <summary>One statement of a bucket policy.</summary>
internal sealed record PolicyStatement
{
    public required bool IsAllow { get; init; }

    /// <summary>Whom it is for: <c>*</c>, ARNs, account ids; canonical users with the prefix <c>canonical:</c>.</summary>
    public required IReadOnlyList<string> Principals { get; init; }

    /// <summary>Whether it is for all but those.</summary>
    public bool IsNotPrincipal { get; init; }

    public required IReadOnlyList<string> Actions { get; init; }

    public bool IsNotAction { get; init; }

    public required IReadOnlyList<string> Resources { get; init; }

    public bool IsNotResource { get; init; }

    public IReadOnlyList<PolicyCondition> Conditions { get; init; } = [];

    /// <summary>Whether it allows something to everybody.</summary>
    public bool IsPublic => IsAllow && (IsNotPrincipal || Principals.Contains("*")) && !Conditions.Any(c => c.IsRestricting);

    public bool Applies(PolicyContext context) =>
        Principals.Any(p => IsMeant(p, context.Principal)) != IsNotPrincipal
        && Actions.Any(a => PolicyPattern.Matches(a, context.Action, ignoreCase: true)) != IsNotAction
        && Resources.Any(r => context.Substitute(r) is { } resource && PolicyPattern.Matches(resource, context.Resource)) != IsNotResource
        && Conditions.All(c => c.Holds(context));

    private static bool IsMeant(string named, S3Principal? caller)
    {
        if (named == "*") return true;
        if (caller is null) return false;
        if (named.StartsWith(PolicyParser.CanonicalPrefix, StringComparison.Ordinal))
            return named.AsSpan(PolicyParser.CanonicalPrefix.Length).SequenceEqual(caller.Owner.Id);
        if (named == caller.AccountId || named == caller.Arn || named == $"arn:aws:iam::{caller.AccountId}:root") return true;
        // Ceph's form of a user that is an account of its own.
        return named == $"arn:aws:iam:::user/{caller.Owner.Id}" || named == $"arn:aws:iam:::user/{caller.Owner.DisplayName}";
    }
}
