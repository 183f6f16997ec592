using CloudLab.Server.Security;

namespace CloudLab.Server.Hosting;

/// <summary>What is logged, to standard output, and how.</summary>
internal static class LoggingSetup
{
    public static void AddCloudLabLogging(this ILoggingBuilder logging, ServerOptions options)
    {
        switch (options.LogFormat)
        {
            case LogFormat.Json:
                logging.AddJsonConsole(console =>
                {
                    console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                    console.UseUtcTimestamp = true;
                });
                break;
            case LogFormat.Text:
                logging.AddSimpleConsole(console =>
                {
                    console.SingleLine = true;
                    console.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
                    console.UseUtcTimestamp = true;
                });
                break;
        }

        logging.SetMinimumLevel(options.LogLevel);
        LogLevel framework = options.LogLevel > LogLevel.Warning ? options.LogLevel : LogLevel.Warning;
        logging.AddFilter("Microsoft", framework);
        logging.AddFilter("System", framework);
        // What these say of a failure is thrown as well, and is logged or told by who catches it.
        logging.AddFilter("Microsoft.EntityFrameworkCore.Database", LogLevel.Critical);
        logging.AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.Critical);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        // Three lines for each refused request.
        logging.AddFilter(typeof(BearerTokenHandler).FullName, framework);
    }
}
