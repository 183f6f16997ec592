using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Access;

/// <summary>What a policy decides about.</summary>
/// <param name="Principal">Who asks, or null for nobody known.</param>
/// <param name="Action">E.g. <c>s3:GetObject</c>.</param>
/// <param name="Resource">The ARN of the bucket or object.</param>
/// <param name="Find">The values of a condition key (lower case; the part behind a slash as it is), or null when the request has none.</param>
internal sealed record PolicyContext(S3Principal? Principal, string Action, string Resource, Func<string, IReadOnlyList<string>?> Find)
{
    /// <summary>Puts values in the place of <c>${key}</c>; a key without a value leaves nothing that could match.</summary>
    public string? Substitute(string pattern)
    {
        int start = pattern.IndexOf("${", StringComparison.Ordinal);
        if (start < 0) return pattern;
        var text = new System.Text.StringBuilder();
        int position = 0;
        while (start >= 0)
        {
            int end = pattern.IndexOf('}', start);
            if (end < 0) break;
            text.Append(pattern, position, start - position);
            string key = pattern[(start + 2)..end];
            if (key is "*" or "?" or "$")
                text.Append(key);
            else if (Find(PolicyKeys.Normalize(key)) is [{ } value])
                text.Append(value);
            else
                return null;
            position = end + 1;
            start = pattern.IndexOf("${", position, StringComparison.Ordinal);
        }

        return text.Append(pattern, position, pattern.Length - position).ToString();
    }
}
