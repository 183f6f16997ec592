using System.Globalization;
using System.Xml.Linq;
using CloudLab.Server.S3.Cors;

namespace CloudLab.Server.S3.Xml;

/// <summary>CORSConfiguration: on the wire, and as it is stored.</summary>
internal static class CorsXml
{
    private const string Root = "CORSConfiguration";

    // As S3.
    private const int MaxRules = 100;

    private static readonly string[] Methods = ["GET", "PUT", "HEAD", "POST", "DELETE"];

    public static S3Result<IReadOnlyList<CorsRule>> Read(ReadOnlyMemory<byte> document)
    {
        S3Result<XElement> parsed = S3XmlReader.Parse(document, Root);
        if (!parsed.IsOk) return parsed.Error;
        var rules = new List<CorsRule>();
        foreach (XElement element in parsed.Value.Elements("CORSRule"))
        {
            int? maxAge = null;
            if (element.Text("MaxAgeSeconds") is { } age)
            {
                if (!int.TryParse(age.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)) return S3Error.MalformedXml;
                maxAge = seconds;
            }

            var rule = new CorsRule
            {
                Id = element.Text("ID"),
                Origins = Texts(element, "AllowedOrigin"),
                Methods = Texts(element, "AllowedMethod"),
                Headers = Texts(element, "AllowedHeader"),
                ExposedHeaders = Texts(element, "ExposeHeader"),
                MaxAgeSeconds = maxAge,
            };
            if (rule.Origins.Count == 0 || rule.Methods.Count == 0 || rules.Count == MaxRules) return S3Error.MalformedXml;
            if (rule.Methods.Except(Methods).FirstOrDefault() is { } unknown)
                return S3Error.InvalidRequest($"Found unsupported HTTP method in CORS config. Unsupported method is {unknown}");
            if (rule.Origins.Concat(rule.Headers).FirstOrDefault(text => text.Count(c => c == '*') > 1) is { } wild)
                return S3Error.InvalidRequest($"\"{wild}\" can not have more than one wildcard.");
            if (rule.ExposedHeaders.FirstOrDefault(text => !IsToken(text)) is { } odd)
                return S3Error.InvalidRequest($"ExposeHeader \"{odd}\" contains wildcard or is malformed. We currently do not support wildcard for ExposeHeader.");
            rules.Add(rule);
        }

        return rules.Count == 0 ? S3Error.MalformedXml : rules;
    }

    public static byte[] Write(IReadOnlyList<CorsRule> rules)
    {
        using var writer = new S3XmlWriter(Root);
        foreach (CorsRule rule in rules)
        {
            writer.Open("CORSRule").Add("ID", rule.Id);
            foreach (string origin in rule.Origins) writer.Add("AllowedOrigin", origin);
            foreach (string method in rule.Methods) writer.Add("AllowedMethod", method);
            foreach (string header in rule.Headers) writer.Add("AllowedHeader", header);
            foreach (string header in rule.ExposedHeaders) writer.Add("ExposeHeader", header);
            if (rule.MaxAgeSeconds is { } age) writer.Add("MaxAgeSeconds", age);
            writer.Close();
        }

        return writer.ToArray();
    }

    private static string[] Texts(XElement element, string name) => [.. element.Elements(name).Select(e => e.Value.Trim())];

    // It goes into headers of answers as it is.
    private static bool IsToken(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
