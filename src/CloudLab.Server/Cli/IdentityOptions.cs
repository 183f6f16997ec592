using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Cli;

/// <summary>Flags of the verbs for tokens and keys whose values have a form of their own.</summary>
internal static class IdentityOptions
{
    public static Option<string> User() => new("--user")
    {
        Description = "The user's name. One that is not there is made if --role says what it may do",
        HelpName = "NAME",
        DefaultValueFactory = _ => UserService.AdminName,
    };

    public static Option<Role?> Role() => new("--role")
    {
        Description = "The most it may do: viewer, operator or admin. Default: as much as its user",
        HelpName = "ROLE",
        CustomParser = result => EnumText.TryParse(Text(result), out Role role)
            ? role
            : Refuse<Role>(result, "is no role; there are viewer, operator and admin"),
    };

    public static Option<TimeSpan?> Expires() => new("--expires")
    {
        Description = "How long it is valid: a number and d, h or m. Default: for ever",
        HelpName = "30d",
        CustomParser = result => TryParseLifetime(Text(result), out TimeSpan lifetime)
            ? lifetime
            : Refuse<TimeSpan>(result, "is no lifetime; write e.g. 30d, 12h or 15m"),
    };

    /// <summary>Takes 1 to 999999 days, hours or minutes.</summary>
    public static bool TryParseLifetime(string text, out TimeSpan lifetime)
    {
        lifetime = default;
        if (text.Length is < 2 or > 7 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)) return false;
        lifetime = text[^1] switch
        {
            'd' => TimeSpan.FromDays(number),
            'h' => TimeSpan.FromHours(number),
            'm' => TimeSpan.FromMinutes(number),
            _ => default,
        };
        return lifetime > default(TimeSpan);
    }

    private static string Text(ArgumentResult result) => result.Tokens[0].Value;

    private static T? Refuse<T>(ArgumentResult result, string why)
        where T : struct
    {
        result.AddError($"'{Text(result)}' {why}.");
        return null;
    }
}
