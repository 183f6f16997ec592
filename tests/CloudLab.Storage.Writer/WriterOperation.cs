using System.Globalization;

namespace CloudLab.Storage.Writer;

/// <summary>What a writer does: the same for the same writer and number, so that who reads the result knows what to expect.</summary>
public sealed record WriterOperation(int Writer, int Number)
{
    /// <summary>How many writers there are, each with keys of its own.</summary>
    public const int Writers = 6;

    public const string Bucket = "bucket";
    private const int KeysOfWriter = 8;

    private static readonly int[] Lengths = [0, 100, 4096, 65_536, 70_000, 300_000];

    /// <summary>The first operation of each writer uses the first key, the next the second, and round again.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"w{Writer}/{Number % KeysOfWriter}");

    public bool IsDelete => Number % 7 == 3;

    public bool IsMultipart => Number % 5 == 4;

    public bool IsEncrypted => Number % 3 == 0;

    /// <summary>The bytes the key has afterwards; null when it is deleted.</summary>
    public byte[]? Content
    {
        get
        {
            if (IsDelete)
                return null;
            var random = new Random((Writer * 1_000_000) + Number);
            var bytes = new byte[Lengths[random.Next(Lengths.Length)]];
            random.NextBytes(bytes);
            return bytes;
        }
    }
}
