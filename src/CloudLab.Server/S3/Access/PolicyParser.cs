using System.Text.Json;

namespace CloudLab.Server.S3.Access;

/// <summary>Parses bucket policies, strictly: what is not understood is refused when it is set, not ignored when it counts.</summary>
/// <remarks>IAM User Guide, "Grammar of the IAM JSON policy language".</remarks>
internal static class PolicyParser
{
    /// <summary>As S3.</summary>
    public const int MaxBytes = 20 << 10;

    /// <summary>Before the id of a canonical user among a statement's principals.</summary>
    public const string CanonicalPrefix = "canonical:";

    private const int MaxStatements = 200;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 10, AllowDuplicateProperties = false };

    /// <summary>Parses a policy of a bucket.</summary>
    /// <param name="json">The document.</param>
    /// <param name="bucket">The bucket's name, which every resource must be of.</param>
    public static S3Result<BucketPolicy> Parse(ReadOnlyMemory<byte> json, string bucket)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            return ParseDocument(document.RootElement, bucket);
        }
        catch (JsonException)
        {
            return Malformed("This policy contains invalid Json");
        }
    }

    private static S3Result<BucketPolicy> ParseDocument(JsonElement root, string bucket)
    {
        if (root.ValueKind != JsonValueKind.Object) return Malformed("Policies must be valid JSON and the first byte must be '{'");
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name is not ("Version" or "Id" or "Statement")) return Malformed("Unknown field " + property.Name);
            if (property.Name == "Version" && property.Value is not { ValueKind: JsonValueKind.String })
                return Malformed("The policy must contain a valid version string");
            if (property.Name == "Version" && property.Value.GetString() is not ("2012-10-17" or "2008-10-17"))
                return Malformed("The policy must contain a valid version string");
        }

        if (!root.TryGetProperty("Statement", out JsonElement list)) return Malformed("Missing required field Statement");
        JsonElement[] elements = list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [list];
        if (elements.Length is 0 or > MaxStatements) return Malformed("Could not parse the policy: Statement is empty!");
        var statements = new List<PolicyStatement>(elements.Length);
        foreach (JsonElement element in elements)
        {
            S3Result<PolicyStatement> statement = ParseStatement(element, bucket);
            if (!statement.IsOk) return statement.Error;
            statements.Add(statement.Value);
        }

        return new BucketPolicy(statements);
    }

    private static S3Result<PolicyStatement> ParseStatement(JsonElement element, string bucket)
    {
        if (element.ValueKind != JsonValueKind.Object) return Malformed("Statement must be an object");
        string? effect = null;
        List<string>? principals = null, actions = null, resources = null;
        bool notPrincipal = false, notAction = false, notResource = false;
        List<PolicyCondition>? conditions = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "Sid" when property.Value.ValueKind == JsonValueKind.String:
                    break;
                case "Effect" when property.Value.ValueKind == JsonValueKind.String:
                    effect = property.Value.GetString();
                    break;
                case "Principal" or "NotPrincipal" when principals is null:
                    notPrincipal = property.Name == "NotPrincipal";
                    principals = ParsePrincipals(property.Value);
                    if (principals is null) return Malformed("Invalid principal in policy");
                    break;
                case "Action" or "NotAction" when actions is null:
                    notAction = property.Name == "NotAction";
                    actions = Strings(property.Value);
                    if (actions is null or [] || !actions.All(IsAction)) return Malformed("Policy has invalid action");
                    break;
                case "Resource" or "NotResource" when resources is null:
                    notResource = property.Name == "NotResource";
                    resources = Strings(property.Value);
                    if (resources is null or [] || !resources.All(r => IsResource(r, bucket))) return Malformed("Policy has invalid resource");
                    break;
                case "Condition":
                    conditions = ParseConditions(property.Value);
                    if (conditions is null) return Malformed("Policy has an invalid condition key or operator");
                    break;
                default:
                    return Malformed("Unknown field " + property.Name);
            }
        }

        if (effect is not ("Allow" or "Deny")) return Malformed("Invalid effect: " + effect);
        if (principals is null) return Malformed("Missing required field Principal");
        if (actions is null) return Malformed("Missing required field Action");
        if (resources is null) return Malformed("Missing required field Resource");
        return new PolicyStatement
        {
            IsAllow = effect == "Allow",
            Principals = principals,
            IsNotPrincipal = notPrincipal,
            Actions = actions,
            IsNotAction = notAction,
            Resources = resources,
            IsNotResource = notResource,
            Conditions = conditions,
        };
    }

    private static List<string>? ParsePrincipals(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String) return element.GetString() == "*" ? ["*"] : null;
        if (element.ValueKind != JsonValueKind.Object) return null;
        var principals = new List<string>();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name is not ("AWS" or "CanonicalUser") || Strings(property.Value) is not { Count: > 0 } names) return null;
            bool isCanonical = property.Name == "CanonicalUser";
            if (!isCanonical && !names.All(IsAwsPrincipal)) return null;
            principals.AddRange(isCanonical ? names.Select(n => CanonicalPrefix + n) : names);
        }

        return principals.Count > 0 ? principals : null;
    }

    private static bool IsAwsPrincipal(string name) =>
        name == "*"
        || name.StartsWith("arn:aws:iam::", StringComparison.Ordinal)
        || (name.Length == 12 && !name.AsSpan().ContainsAnyExceptInRange('0', '9'));

    private static bool IsAction(string action) =>
        action == "*" || (action.StartsWith("s3:", StringComparison.OrdinalIgnoreCase) && action.Length > 3);

    private static bool IsResource(string resource, string bucket)
    {
        const string Prefix = "arn:aws:s3:::";
        if (resource == "*") return true;
        if (!resource.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        ReadOnlySpan<char> rest = resource.AsSpan(Prefix.Length);
        int slash = rest.IndexOf('/');
        return PolicyPattern.Matches(slash < 0 ? rest : rest[..slash], bucket);
    }

    private static List<PolicyCondition>? ParseConditions(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) return null;
        var conditions = new List<PolicyCondition>();
        foreach (JsonProperty test in element.EnumerateObject())
        {
            if (test.Value.ValueKind != JsonValueKind.Object) return null;
            foreach (JsonProperty key in test.Value.EnumerateObject())
            {
                if (Strings(key.Value) is not { } wanted || PolicyCondition.TryCreate(test.Name, key.Name, wanted) is not { } condition) return null;
                conditions.Add(condition);
            }
        }

        return conditions;
    }

    private static List<string>? Strings(JsonElement element)
    {
        JsonElement[] elements = element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : [element];
        var texts = new List<string>(elements.Length);
        foreach (JsonElement item in elements)
        {
            if (item.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)) return null;
            texts.Add(item.ValueKind switch
            {
                JsonValueKind.True => "true",
                JsonValueKind.False => "false",
                _ => item.ToString(),
            });
        }

        return texts;
    }

    private static S3Error Malformed(string message) => new(S3ErrorCode.MalformedPolicy, message);
}
