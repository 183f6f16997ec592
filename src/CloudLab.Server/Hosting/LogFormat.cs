namespace CloudLab.Server.Hosting;

/// <summary>How log lines are written to standard output.</summary>
internal enum LogFormat
{
    /// <summary>For people: time, level, source and message on a line.</summary>
    Text,

    /// <summary>For programs: a JSON object a line, with the message's values as fields.</summary>
    Json,
}
