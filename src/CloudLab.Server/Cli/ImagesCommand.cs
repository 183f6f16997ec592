using System.CommandLine;
using System.Globalization;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Server.Hosting;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>The guest image in the data directory, from where a server takes it at its next start.</summary>
internal static class ImagesCommand
{
    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var images = new Command("images", "Builds the guest image, or carries it to hosts that cannot");
        images.Subcommands.Add(Build(environment, console));
        images.Subcommands.Add(Export(environment, console));
        images.Subcommands.Add(Import(environment, console));
        images.Subcommands.Add(List(environment, console));
        return images;
    }

    private static Command Build(Func<string, string?> environment, IAnsiConsole console)
    {
        var command = new Command("build", "Builds the guest image from Debian packages; needs apt-get, no root");
        var settings = new SettingOptions(command, Setting.DataDirectory, Setting.AptMirror);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ServerOptions options = settings.Load(parsed, environment);
            using DataDirectory directory = DataDirectory.Open(options.DataDirectory);
            GuestImageOptions build = new()
            {
                TargetDirectory = directory.ImageDirectory,
                CacheDirectory = directory.AptCacheDirectory,
                MirrorUrl = options.AptMirror,
            };
            BuiltImage image = Require(await new ImageBuildDisplay(console).RunAsync(
                progress => GuestImageBuilder.BuildAsync(build, progress, cancellationToken)));
            console.WritePlain(Describe(image));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Export(Func<string, string?> environment, IAnsiConsole console)
    {
        Argument<string> file = new("FILE") { Description = "The archive to write" };
        var command = new Command("export", "Writes the guest image to an archive for 'images import' on another host") { file };
        var settings = new SettingOptions(command, Setting.DataDirectory);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string source = DataDirectory.ImageDirectoryOf(settings.Load(parsed, environment).DataDirectory);
            string target = parsed.GetRequiredValue(file);
            if (await GuestImageArchive.ExportAsync(source, target, compress: true, cancellationToken) is { } error) throw Failure(error);
            console.WritePlain($"{target} is written. On the other host: CloudLab.Server images import {target}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Import(Func<string, string?> environment, IAnsiConsole console)
    {
        Argument<string> file = new("FILE") { Description = "An archive that 'images export' wrote" };
        var command = new Command("import", "Takes the guest image from an archive") { file };
        var settings = new SettingOptions(command, Setting.DataDirectory);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using DataDirectory directory = DataDirectory.Open(settings.Load(parsed, environment).DataDirectory);
            BuiltImage image = Require(
                await GuestImageArchive.ImportAsync(parsed.GetRequiredValue(file), directory.ImageDirectory, cancellationToken));
            console.WritePlain(Describe(image));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command List(Func<string, string?> environment, IAnsiConsole console)
    {
        var command = new Command("list", "Shows the guest image in the data directory");
        var settings = new SettingOptions(command, Setting.DataDirectory);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string directory = DataDirectory.ImageDirectoryOf(settings.Load(parsed, environment).DataDirectory);
            console.WritePlain(Describe(Require(await BuiltImage.OpenAsync(directory, cancellationToken))));
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Describe(BuiltImage image)
    {
        double mebibytes = image.Manifest.Files.Values.Sum(f => f.Size) / (double)(1 << 20);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{image.Manifest.Name}  {image.Manifest.Architecture}  Linux {image.Manifest.KernelRelease}  {mebibytes:F1} MiB  {image.Directory}");
    }

    private static BuiltImage Require(BuildResult<BuiltImage> result) => result.IsOk ? result.Value : throw Failure(result.Error);

    private static StartupException Failure(BuildError error) => new(error.ToString());
}
