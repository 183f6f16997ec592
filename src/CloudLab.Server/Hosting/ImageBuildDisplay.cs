using System.Globalization;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Server.Cli;
using Spectre.Console;

namespace CloudLab.Server.Hosting;

/// <summary>Shows how far an image build is: a bar on a terminal, plain lines elsewhere.</summary>
internal sealed class ImageBuildDisplay(IAnsiConsole console)
{
    // What each step took of a first build on a two-core machine with a mirror nearby, in percent.
    private static readonly int[] StepStarts = [0, 30, 80, 90, 100];

    /// <summary>Runs a build and shows its progress.</summary>
    /// <param name="work">The build.</param>
    /// <param name="observer">Also told, with percent of the whole.</param>
    public async Task<T> RunAsync<T>(Func<IProgress<BuildProgress>, Task<T>> work, Action<string>? observer = null)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Out.IsTerminal)
            return await work(new Reporter(observer, new PlainLines(console).Show));
        T? result = default;
        await console.Progress()
            .AutoClear(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask("cloudlab-linux");
                result = await work(new Reporter(observer, (progress, percent) =>
                {
                    bar.Description = Markup.Escape(progress.Message);
                    bar.Value = percent;
                }));
            });
        return result!;
    }

    private static double Overall(BuildProgress progress)
    {
        int step = (int)progress.Step;
        return step + 1 >= StepStarts.Length
            ? 100
            : StepStarts[step] + (StepStarts[step + 1] - StepStarts[step]) * Math.Clamp(progress.Percent, 0, 100) / 100;
    }

    // Not Progress<T>: that one reports on the thread pool, out of order.
    private sealed class Reporter(Action<string>? observer, Action<BuildProgress, double> show) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value)
        {
            double percent = Overall(value);
            observer?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{value.Message} ({percent:F0} %)"));
            show(value, percent);
        }
    }

    private sealed class PlainLines(IAnsiConsole console)
    {
        private const double Stride = 20;

        private BuildStep? _step;
        private double _shown;

        public void Show(BuildProgress progress, double percent)
        {
            if (_step == progress.Step && percent < _shown + Stride) return;
            (_step, _shown) = (progress.Step, percent);
            console.WritePlain(string.Create(CultureInfo.InvariantCulture, $"guest image: {percent,3:F0} %  {progress.Message}"));
        }
    }
}
