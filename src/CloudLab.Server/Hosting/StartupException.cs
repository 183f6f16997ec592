namespace CloudLab.Server.Hosting;

/// <summary>The server cannot start or a verb cannot do its work; the message tells the operator what to do.</summary>
internal sealed class StartupException : Exception
{
    public StartupException()
    {
    }

    public StartupException(string message)
        : base(message)
    {
    }

    public StartupException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
