namespace CloudLab.Server.S3.Access;

/// <summary>A bucket's policy.</summary>
/// <param name="Statements">Its statements.</param>
internal sealed record BucketPolicy(IReadOnlyList<PolicyStatement> Statements)
{
    /// <summary>Whether it allows something to everybody.</summary>
    public bool IsPublic => Statements.Any(s => s.IsPublic);

    /// <summary>What it says: one denial outweighs everything.</summary>
    public PolicyEffect Evaluate(PolicyContext context)
    {
        var effect = PolicyEffect.None;
        foreach (PolicyStatement statement in Statements)
        {
            if (!statement.Applies(context)) continue;
            if (!statement.IsAllow) return PolicyEffect.Deny;
            effect = PolicyEffect.Allow;
        }

        return effect;
    }
}
