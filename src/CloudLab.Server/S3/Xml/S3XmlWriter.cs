using System.Globalization;
using System.Xml;

namespace CloudLab.Server.S3.Xml;

/// <summary>Writes a document of the API. Characters that XML has no place for are written as references, as S3 does.</summary>
internal sealed class S3XmlWriter : IDisposable
{
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        CheckCharacters = false,
    };

    private readonly MemoryStream _stream = new();
    private readonly XmlWriter _writer;

    /// <summary>Begins a document.</summary>
    /// <param name="root">The outermost element.</param>
    /// <param name="hasNamespace">Whether it is in the API's namespace; errors are in none.</param>
    public S3XmlWriter(string root, bool hasNamespace = true)
    {
        _writer = XmlWriter.Create(_stream, Settings);
        _writer.WriteStartDocument();
        _writer.WriteStartElement(root, hasNamespace ? Namespace : null);
    }

    public static string Time(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public S3XmlWriter Open(string name)
    {
        _writer.WriteStartElement(name);
        return this;
    }

    public S3XmlWriter Close()
    {
        _writer.WriteFullEndElement();
        return this;
    }

    /// <summary>Writes an element with a text; nothing when the text is null.</summary>
    public S3XmlWriter Add(string name, string? value)
    {
        if (value is not null) _writer.WriteElementString(name, value);
        return this;
    }

    public S3XmlWriter Add(string name, long value) => Add(name, value.ToString(CultureInfo.InvariantCulture));

    public S3XmlWriter Add(string name, bool value) => Add(name, value ? "true" : "false");

    public S3XmlWriter Add(string name, DateTimeOffset value) => Add(name, Time(value));

    /// <summary>Writes the attribute that tells a grantee's kind.</summary>
    public S3XmlWriter Type(string value)
    {
        _writer.WriteAttributeString("xsi", "type", "http://www.w3.org/2001/XMLSchema-instance", value);
        return this;
    }

    public S3XmlWriter Text(string value)
    {
        _writer.WriteString(value);
        return this;
    }

    /// <summary>Ends the document.</summary>
    /// <returns>Its bytes, UTF-8.</returns>
    public byte[] ToArray()
    {
        _writer.WriteEndDocument();
        _writer.Flush();
        return _stream.ToArray();
    }

    public void Dispose()
    {
        _writer.Dispose();
        _stream.Dispose();
    }
}
