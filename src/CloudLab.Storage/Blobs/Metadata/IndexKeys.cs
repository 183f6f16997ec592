using System.Buffers.Binary;
using System.Text;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The keys of the index. The first byte says what the record is; numbers are big-endian, so that bytes order them.</summary>
/// <remarks>
/// <code>
/// M name                              a value of the store itself
/// b bucket-name                       bucket
/// B length(2) owner bucket-name       the buckets of an owner (empty record)
/// c bucket(8) kind                    a bucket's configuration document
/// u bucket(8)                         usage of a bucket
/// U owner                             usage of an owner
/// o bucket(8) key                     a key's current version: ordered as a listing is
/// v bucket(8) length(2) key ~seq(8)   an older version: the newest of a key first
/// m bucket(8) key' seq(8)             an unfinished upload: by key, then by its creation
/// p upload(8) number(2)               a part of an upload or of the object it became
/// d id(8)                             the bytes of a small object or part, in a column family of its own
/// f file(8)                           whose file it is (the record, and the key that refers to it)
/// g upload(8)                         parts that nothing refers to any more
/// x kind(1) id(8)                     data known to be damaged
/// </code>
/// key' is the key with 00 written as 00 FF, ended by 00 01: so that one key's uploads stand together, before those of any key
/// that begins with it.
/// </remarks>
internal static class IndexKeys
{
    public const byte InlineData = (byte)'d';
    private const int NumberBytes = sizeof(ulong);

    public static byte[] Store(string name) => Concat((byte)'M', Encoding.UTF8.GetBytes(name));

    public static byte[] Bucket(string name) => Concat((byte)'b', Encoding.UTF8.GetBytes(name));

    public static byte[] BucketsOf(string owner) => BucketOf(owner, "");

    public static byte[] BucketOf(string owner, string name)
    {
        var ownerBytes = Encoding.UTF8.GetBytes(owner);
        var key = new byte[3 + ownerBytes.Length + Encoding.UTF8.GetByteCount(name)];
        key[0] = (byte)'B';
        BinaryPrimitives.WriteUInt16BigEndian(key.AsSpan(1), (ushort)ownerBytes.Length);
        ownerBytes.CopyTo(key, 3);
        Encoding.UTF8.GetBytes(name, key.AsSpan(3 + ownerBytes.Length));
        return key;
    }

    public static byte[] Configurations(ulong bucket) => Configuration(bucket, "");

    public static byte[] Configuration(ulong bucket, string kind) => Concat((byte)'c', bucket, Encoding.UTF8.GetBytes(kind));

    public static byte[] BucketUsage(ulong bucket) => Concat((byte)'u', bucket, []);

    public static byte[] OwnerUsage(string owner) => Concat((byte)'U', Encoding.UTF8.GetBytes(owner));

    public static byte[] Currents(ulong bucket) => Concat((byte)'o', bucket, []);

    public static byte[] Current(ulong bucket, ReadOnlySpan<byte> key) => Concat((byte)'o', bucket, key);

    /// <summary>The object's key in a key of <see cref="Current"/>.</summary>
    public static ReadOnlySpan<byte> KeyOfCurrent(ReadOnlySpan<byte> indexKey) => indexKey[(1 + NumberBytes)..];

    public static byte[] Olders(ulong bucket, ReadOnlySpan<byte> key)
    {
        var indexKey = new byte[1 + NumberBytes + 2 + key.Length];
        indexKey[0] = (byte)'v';
        BinaryPrimitives.WriteUInt64BigEndian(indexKey.AsSpan(1), bucket);
        BinaryPrimitives.WriteUInt16BigEndian(indexKey.AsSpan(1 + NumberBytes), (ushort)key.Length);
        key.CopyTo(indexKey.AsSpan(1 + NumberBytes + 2));
        return indexKey;
    }

    public static byte[] Older(ulong bucket, ReadOnlySpan<byte> key, ulong seq)
    {
        var prefix = Olders(bucket, key);
        var indexKey = new byte[prefix.Length + NumberBytes];
        prefix.CopyTo(indexKey, 0);
        BinaryPrimitives.WriteUInt64BigEndian(indexKey.AsSpan(prefix.Length), ~seq);
        return indexKey;
    }

    public static ulong SeqOfOlder(ReadOnlySpan<byte> indexKey) => ~LastNumber(indexKey);

    /// <summary>The object's key in a key of <see cref="Older"/>.</summary>
    public static ReadOnlySpan<byte> KeyOfOlder(ReadOnlySpan<byte> indexKey) => indexKey[(1 + NumberBytes + 2)..^NumberBytes];

    public static byte[] Uploads(ulong bucket) => Concat((byte)'m', bucket, []);

    /// <summary>The uploads of the keys that begin with <paramref name="prefix"/>.</summary>
    public static byte[] UploadsFrom(ulong bucket, ReadOnlySpan<byte> prefix)
    {
        var escaped = new byte[2 * prefix.Length];
        var length = 0;
        foreach (var b in prefix)
        {
            escaped[length++] = b;
            if (b == 0)
                escaped[length++] = 0xFF;
        }

        return Concat((byte)'m', bucket, escaped.AsSpan(0, length));
    }

    public static byte[] UploadsOf(ulong bucket, ReadOnlySpan<byte> key) => [.. UploadsFrom(bucket, key), 0, 1];

    public static byte[] Upload(ulong bucket, ReadOnlySpan<byte> key, ulong seq)
    {
        var prefix = UploadsOf(bucket, key);
        var indexKey = new byte[prefix.Length + NumberBytes];
        prefix.CopyTo(indexKey, 0);
        BinaryPrimitives.WriteUInt64BigEndian(indexKey.AsSpan(prefix.Length), seq);
        return indexKey;
    }

    /// <summary>The object's key in a key of <see cref="Upload"/>.</summary>
    public static byte[] KeyOfUpload(ReadOnlySpan<byte> indexKey)
    {
        var escaped = indexKey[(1 + NumberBytes)..^(NumberBytes + 2)];
        var key = new byte[escaped.Length];
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            key[length++] = escaped[i];
            if (escaped[i] == 0)
                i++;
        }

        return key[..length];
    }

    public static byte[] Parts(ulong upload) => Concat((byte)'p', upload, []);

    public static byte[] Part(ulong upload, int number)
    {
        var key = new byte[1 + NumberBytes + 2];
        key[0] = (byte)'p';
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(1), upload);
        BinaryPrimitives.WriteUInt16BigEndian(key.AsSpan(1 + NumberBytes), (ushort)number);
        return key;
    }

    public static int NumberOfPart(ReadOnlySpan<byte> indexKey) => BinaryPrimitives.ReadUInt16BigEndian(indexKey[^2..]);

    public static ulong UploadOfPart(ReadOnlySpan<byte> indexKey) => BinaryPrimitives.ReadUInt64BigEndian(indexKey[1..]);

    public static byte[] Inline(ulong id) => Concat(InlineData, id, []);

    public static byte[] File(ulong id) => Concat((byte)'f', id, []);

    public static byte[] Garbage(ulong upload) => Concat((byte)'g', upload, []);

    public static byte[] AllGarbage() => [(byte)'g'];

    public static byte[] Damage(DataKind kind, ulong id)
    {
        var key = new byte[2 + NumberBytes];
        key[0] = (byte)'x';
        key[1] = (byte)kind;
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(2), id);
        return key;
    }

    public static byte[] AllDamage() => [(byte)'x'];

    public static ulong LastNumber(ReadOnlySpan<byte> indexKey) => BinaryPrimitives.ReadUInt64BigEndian(indexKey[^NumberBytes..]);

    /// <summary>The first key after all that begin with <paramref name="prefix"/>; null if there is none.</summary>
    public static byte[]? After(ReadOnlySpan<byte> prefix)
    {
        for (var length = prefix.Length; length > 0; length--)
        {
            if (prefix[length - 1] == 0xFF)
                continue;
            var after = prefix[..length].ToArray();
            after[^1]++;
            return after;
        }

        return null;
    }

    private static byte[] Concat(byte type, ReadOnlySpan<byte> rest)
    {
        var key = new byte[1 + rest.Length];
        key[0] = type;
        rest.CopyTo(key.AsSpan(1));
        return key;
    }

    private static byte[] Concat(byte type, ulong number, ReadOnlySpan<byte> rest)
    {
        var key = new byte[1 + NumberBytes + rest.Length];
        key[0] = type;
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(1), number);
        rest.CopyTo(key.AsSpan(1 + NumberBytes));
        return key;
    }
}
