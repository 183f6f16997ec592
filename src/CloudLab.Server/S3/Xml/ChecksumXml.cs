using System.Xml.Linq;
using CloudLab.Server.S3.Objects;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Xml;

/// <summary>Checksums as elements: <c>ChecksumCRC32</c> and so on.</summary>
internal static class ChecksumXml
{
    public static void Write(S3XmlWriter writer, IReadOnlyList<ObjectChecksum> checksums, int partCount, bool hasType = true)
    {
        foreach (ObjectChecksum checksum in checksums)
            writer.Add("Checksum" + ChecksumHeaders.NameOf(checksum.Algorithm), ChecksumHeaders.Text(checksum, partCount));
        if (hasType && checksums.Count > 0) writer.Add("ChecksumType", ChecksumHeaders.TypeOf(checksums[0]));
    }

    /// <summary>The checksums that an element has.</summary>
    public static S3Result<IReadOnlyList<ObjectChecksum>> Read(XElement element)
    {
        var checksums = new List<ObjectChecksum>();
        foreach (ChecksumAlgorithm algorithm in ChecksumHeaders.All)
        {
            if (element.Text("Checksum" + ChecksumHeaders.NameOf(algorithm)) is not { } text) continue;
            if (ChecksumHeaders.TryParse(algorithm, text.Trim()) is not { } checksum) return S3Error.MalformedXml;
            checksums.Add(checksum);
        }

        return checksums;
    }
}
