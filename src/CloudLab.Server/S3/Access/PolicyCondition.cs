using System.Collections.Frozen;
using System.Globalization;
using System.Net;

namespace CloudLab.Server.S3.Access;

/// <summary>One operator of a policy's condition on one key.</summary>
/// <remarks>IAM User Guide, "IAM JSON policy elements: Condition operators".</remarks>
internal sealed class PolicyCondition
{
    private static readonly FrozenDictionary<string, Func<string, string, bool>> Operators = new Dictionary<string, Func<string, string, bool>>
    {
        ["StringEquals"] = (value, wanted) => value == wanted,
        ["StringEqualsIgnoreCase"] = (value, wanted) => value.Equals(wanted, StringComparison.OrdinalIgnoreCase),
        ["StringLike"] = (value, wanted) => PolicyPattern.Matches(wanted, value),
        ["ArnEquals"] = (value, wanted) => PolicyPattern.Matches(wanted, value),
        ["ArnLike"] = (value, wanted) => PolicyPattern.Matches(wanted, value),
        ["BinaryEquals"] = (value, wanted) => value == wanted,
        ["Bool"] = (value, wanted) => value.Equals(wanted, StringComparison.OrdinalIgnoreCase),
        ["IpAddress"] = IsInNetwork,
        ["NumericEquals"] = (value, wanted) => CompareNumbers(value, wanted) == 0,
        ["NumericLessThan"] = (value, wanted) => CompareNumbers(value, wanted) < 0,
        ["NumericLessThanEquals"] = (value, wanted) => CompareNumbers(value, wanted) <= 0,
        ["NumericGreaterThan"] = (value, wanted) => CompareNumbers(value, wanted) > 0,
        ["NumericGreaterThanEquals"] = (value, wanted) => CompareNumbers(value, wanted) >= 0,
        ["DateEquals"] = (value, wanted) => CompareTimes(value, wanted) == 0,
        ["DateLessThan"] = (value, wanted) => CompareTimes(value, wanted) < 0,
        ["DateLessThanEquals"] = (value, wanted) => CompareTimes(value, wanted) <= 0,
        ["DateGreaterThan"] = (value, wanted) => CompareTimes(value, wanted) > 0,
        ["DateGreaterThanEquals"] = (value, wanted) => CompareTimes(value, wanted) >= 0,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // A negated operator says that none of the values fits.
    private static readonly FrozenDictionary<string, string> Negated = new Dictionary<string, string>
    {
        ["StringNotEquals"] = "StringEquals",
        ["StringNotEqualsIgnoreCase"] = "StringEqualsIgnoreCase",
        ["StringNotLike"] = "StringLike",
        ["ArnNotEquals"] = "ArnEquals",
        ["ArnNotLike"] = "ArnLike",
        ["NotIpAddress"] = "IpAddress",
        ["NumericNotEquals"] = "NumericEquals",
        ["DateNotEquals"] = "DateEquals",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly IReadOnlyList<string> _wanted;
    private readonly Func<string, string, bool>? _operator;
    private readonly bool _isNegated;
    private readonly bool _ifExists;
    private readonly bool _forAll;

    private PolicyCondition(
        string key, IReadOnlyList<string> wanted, Func<string, string, bool>? test, bool isNegated, bool ifExists, bool forAll)
    {
        Key = key;
        _wanted = wanted;
        _operator = test;
        _isNegated = isNegated;
        _ifExists = ifExists;
        _forAll = forAll;
    }

    /// <summary>The key, normalised.</summary>
    public string Key { get; }

    /// <summary>
    /// Whether the condition holds only for callers that are named by a value, so that a statement with it is not for everybody.
    /// </summary>
    public bool IsRestricting => !_isNegated && !_ifExists && _operator is not null && Key switch
    {
        "aws:sourceip" => _wanted.All(IsNarrowNetwork),
        "aws:principalaccount" or "aws:principalarn" or "aws:userid" or "aws:username" => _wanted.All(w => !w.AsSpan().ContainsAny('*', '?')),
        _ => false,
    };

    /// <summary>Makes a condition; null when there is no such operator or key.</summary>
    /// <param name="name">The operator, with its set prefix and IfExists.</param>
    /// <param name="key">The key.</param>
    /// <param name="wanted">The values.</param>
    public static PolicyCondition? TryCreate(string name, string key, IReadOnlyList<string> wanted)
    {
        string normalized = PolicyKeys.Normalize(key);
        if (!PolicyKeys.IsKnown(normalized)) return null;
        bool forAll = Strip(ref name, "ForAllValues:");
        if (!forAll) Strip(ref name, "ForAnyValue:");
        bool ifExists = name.EndsWith("IfExists", StringComparison.OrdinalIgnoreCase);
        if (ifExists) name = name[..^"IfExists".Length];
        if (name.Equals("Null", StringComparison.OrdinalIgnoreCase))
            return ifExists ? null : new PolicyCondition(normalized, wanted, null, isNegated: false, ifExists: false, forAll: false);
        bool isNegated = Negated.TryGetValue(name, out string? positive);
        return Operators.TryGetValue(positive ?? name, out Func<string, string, bool>? test)
            ? new PolicyCondition(normalized, wanted, test, isNegated, ifExists, forAll)
            : null;
    }

    public bool Holds(PolicyContext context)
    {
        IReadOnlyList<string>? values = context.Find(Key);
        if (_operator is null) return _wanted.All(w => w.Equals(values is null ? "true" : "false", StringComparison.OrdinalIgnoreCase));
        if (values is null) return _ifExists || _isNegated || _forAll;
        return _forAll ? values.All(value => Fits(value, context)) : values.Any(value => Fits(value, context));
    }

    private bool Fits(string value, PolicyContext context) =>
        _wanted.Any(w => context.Substitute(w) is { } wanted && _operator!(value, wanted)) != _isNegated;

    private static bool Strip(ref string name, string prefix)
    {
        if (!name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return false;
        name = name[prefix.Length..];
        return true;
    }

    private static bool IsInNetwork(string value, string wanted)
    {
        if (!IPAddress.TryParse(value, out IPAddress? address)) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return wanted.Contains('/', StringComparison.Ordinal)
            ? TryParseNetwork(wanted, out IPNetwork network) && network.Contains(address)
            : IPAddress.TryParse(wanted, out IPAddress? single) && single.Equals(address);
    }

    // Policies may leave host bits set, which IPNetwork does not take.
    private static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        int slash = text.IndexOf('/');
        if (!IPAddress.TryParse(text.AsSpan(0, slash), out IPAddress? address)) return false;
        byte[] bytes = address.GetAddressBytes();
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int bits) || bits > bytes.Length * 8) return false;
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] &= (byte)(0xFF << Math.Clamp(8 - (bits - (i * 8)), 0, 8));
        network = new IPNetwork(new IPAddress(bytes), bits);
        return true;
    }

    // As S3's definition of "public": wider than /8 is everybody.
    private static bool IsNarrowNetwork(string text)
    {
        int slash = text.IndexOf('/');
        if (slash < 0) return IPAddress.TryParse(text, out _);
        return TryParseNetwork(text, out IPNetwork network) && network.PrefixLength >= (network.BaseAddress.GetAddressBytes().Length == 4 ? 8 : 32);
    }

    private static int? CompareNumbers(string value, string wanted) =>
        decimal.TryParse(value, CultureInfo.InvariantCulture, out decimal a) && decimal.TryParse(wanted, CultureInfo.InvariantCulture, out decimal b)
            ? a.CompareTo(b)
            : null;

    private static int? CompareTimes(string value, string wanted) =>
        TryParseTime(value, out DateTimeOffset a) && TryParseTime(wanted, out DateTimeOffset b) ? a.CompareTo(b) : null;

    private static bool TryParseTime(string text, out DateTimeOffset time)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        time = DateTimeOffset.FromUnixTimeSeconds(Math.Min(seconds, 253402300799));
        return true;
    }
}
