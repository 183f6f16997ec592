using System.Xml;
using System.Xml.Linq;

namespace CloudLab.Server.S3.Xml;

/// <summary>Parses what clients send: no document type, no entities of its own, bounded in size and depth, namespaces left out.</summary>
internal static class S3XmlReader
{
    // The deepest document of the API has seven levels.
    private const int MaxDepth = 16;

    // CompleteMultipartUpload with 10,000 parts and all their checksums has some 70,000 elements.
    private const int MaxElements = 100_000;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CheckCharacters = false,
        MaxCharactersFromEntities = 1 << 20,
    };

    /// <summary>Parses a document.</summary>
    /// <param name="document">The bytes.</param>
    /// <param name="root">The name that the outermost element must have.</param>
    /// <returns>The outermost element, or <see cref="S3Error.MalformedXml"/>.</returns>
    public static S3Result<XElement> Parse(ReadOnlyMemory<byte> document, string root)
    {
        try
        {
            using var stream = new MemoryStream(document.ToArray(), writable: false);
            using var reader = XmlReader.Create(stream, Settings);
            return Read(reader) is { } element && element.Name.LocalName == root ? element : S3Error.MalformedXml;
        }
        catch (XmlException)
        {
            return S3Error.MalformedXml;
        }
    }

    /// <summary>The child's text, or null when there is no such child.</summary>
    public static string? Text(this XElement element, string name) => element.Element(name)?.Value;

    private static XElement? Read(XmlReader reader)
    {
        XElement? root = null, current = null;
        int elements = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (reader.Depth >= MaxDepth || ++elements > MaxElements) return null;
                    bool isEmpty = reader.IsEmptyElement;
                    var element = new XElement(XName.Get(reader.LocalName));
                    // Grantees tell their kind by an attribute: xsi:type.
                    if (reader.GetAttribute("type", "http://www.w3.org/2001/XMLSchema-instance") is { } type) element.SetAttributeValue("type", type);
                    if (current is null)
                        root = element;
                    else
                        current.Add(element);
                    if (!isEmpty) current = element;
                    break;
                case XmlNodeType.EndElement:
                    current = current!.Parent;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                    current?.Add(reader.Value);
                    break;
                case XmlNodeType.Whitespace when current is not null && !current.HasElements:
                    current.Add(reader.Value);
                    break;
            }
        }

        return root;
    }
}
