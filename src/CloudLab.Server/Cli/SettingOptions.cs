using System.CommandLine;
using CloudLab.Server.Hosting;

namespace CloudLab.Server.Cli;

/// <summary>The settings as flags of one command.</summary>
internal sealed class SettingOptions
{
    private readonly List<(Setting Setting, Option Option)> _options = [];

    public SettingOptions(Command command, params IEnumerable<Setting> settings)
    {
        foreach (Setting setting in settings)
        {
            Option option = setting.IsSwitch
                ? new Option<bool>("--" + setting.Name) { Description = setting.Description }
                : new Option<string>("--" + setting.Name) { Description = setting.Description, HelpName = setting.ValueName };
            command.Options.Add(option);
            _options.Add((setting, option));
        }
    }

    /// <summary>Makes options of the flags given, the environment and the file.</summary>
    /// <exception cref="UsageException">Something in them is wrong.</exception>
    public ServerOptions Load(ParseResult parsed, Func<string, string?> environment)
    {
        var flags = new Dictionary<string, string>();
        foreach ((Setting setting, Option option) in _options)
            if (parsed.GetResult(option) is { Implicit: false } given)
                flags[setting.Name] = setting.IsSwitch ? given.GetValueOrDefault<bool>().ToString() : given.GetValueOrDefault<string>()!;
        return ServerOptionsLoader.TryLoad(flags, environment, out ServerOptions? options, out IReadOnlyList<string> errors)
            ? options
            : throw new UsageException(string.Join(Environment.NewLine, errors));
    }
}
