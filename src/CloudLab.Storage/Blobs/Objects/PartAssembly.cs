using System.Globalization;
using System.Security.Cryptography;
using CloudLab.Storage.Blobs.Checksums;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Makes a version of the parts of an upload: checks what the client names, gives each part its place, drops the rest.</summary>
internal static class PartAssembly
{
    /// <returns>The version, whose number is still to be given.</returns>
    public static StoreResult<VersionRecord> Assemble(
        IndexTransaction transaction, UploadRecord upload, UploadCompletion completion, UsageChange usage, Action<DataRef> remove)
    {
        var stored = new Dictionary<int, PartRecord>();
        foreach (var (key, record) in transaction.Scan(IndexKeys.Parts(upload.Seq)))
            stored.Add(IndexKeys.NumberOfPart(key), PartRecord.Decode(key, record));
        if (Check(stored, completion) is { } failure)
            return failure;

        long offset = 0;
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        var parts = new List<PartRecord>(completion.Parts.Count);
        foreach (var named in completion.Parts)
        {
            var key = IndexKeys.Part(upload.Seq, named.Number);
            stored.Remove(named.Number, out var part);
            part = part! with { Offset = offset };
            parts.Add(part);
            offset += part.Length;
            usage.Remove(part.Length);
            md5.AppendData(Convert.FromHexString(part.ETag));
            transaction.Put(key, part.Encode(key));
        }

        if (completion.DeclaredLength is { } declaredLength && declaredLength != offset)
            return StoreError.IncompleteBody;
        var checksum = upload.Algorithm is { } algorithm ? ChecksumOf(algorithm, upload.IsComposite, parts) : null;
        if (completion.Declared is { } declared && !declared.Value.Span.SequenceEqual((checksum?.Value ?? default).Span))
            return new StoreFailure(StoreError.BadChecksum, declared.Algorithm.ToString());
        foreach (var (number, part) in stored)
        {
            usage.Remove(part.Length);
            remove(part.Data);
            transaction.Delete(IndexKeys.Part(upload.Seq, number));
        }

        return new VersionRecord
        {
            Seq = 0,
            Length = offset,
            ETag = string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(md5.GetHashAndReset())}-{parts.Count}"),
            Attributes = upload.Attributes,
            Checksums = checksum is null ? [] : [checksum],
            PartCount = parts.Count,
            Data = new DataRef(DataKind.Parts, upload.Seq, []),
        };
    }

    private static StoreFailure? Check(Dictionary<int, PartRecord> stored, UploadCompletion completion)
    {
        if (completion.Parts.Count == 0)
            return new StoreFailure(StoreError.InvalidArgument);
        for (var i = 0; i < completion.Parts.Count; i++)
        {
            var named = completion.Parts[i];
            var detail = named.Number.ToString(CultureInfo.InvariantCulture);
            if (i > 0 && named.Number <= completion.Parts[i - 1].Number)
                return new StoreFailure(StoreError.InvalidPartOrder);
            if (!stored.TryGetValue(named.Number, out var part) || part.ETag != named.ETag || !HasChecksums(part, named.Checksums))
                return new StoreFailure(StoreError.InvalidPart, detail);
            if (i < completion.Parts.Count - 1 && part.Length < completion.MinPartLength)
                return new StoreFailure(StoreError.PartTooSmall, detail);
        }

        return null;
    }

    private static bool HasChecksums(PartRecord part, IReadOnlyList<ObjectChecksum>? declared)
    {
        foreach (var checksum in declared ?? [])
        {
            if (!part.Checksums.Any(c => c.Algorithm == checksum.Algorithm && c.Value.Span.SequenceEqual(checksum.Value.Span)))
                return false;
        }

        return true;
    }

    private static ObjectChecksum? ChecksumOf(ChecksumAlgorithm algorithm, bool isComposite, List<PartRecord> parts)
    {
        var values = new List<(byte[] Value, long Length)>(parts.Count);
        foreach (var part in parts)
        {
            var value = part.Checksums.First(checksum => checksum.Algorithm == algorithm).Value.ToArray();
            values.Add((value, part.Length));
        }

        if (!isComposite)
        {
            var combined = values[0].Value;
            foreach (var (value, length) in values.Skip(1))
                combined = CrcCombiner.Combine(algorithm, combined, value, length);
            return new ObjectChecksum(algorithm, combined);
        }

        using var digests = new BodyDigests([algorithm]);
        foreach (var (value, _) in values)
            digests.Append(value);
        return new ObjectChecksum(algorithm, digests.Checksums()[0].Value, IsComposite: true);
    }
}
