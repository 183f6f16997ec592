namespace CloudLab.ControlPlane.Common;

/// <summary>What text must be to be stored or compared in a database.</summary>
internal static class PlainText
{
    /// <summary>Whether there is no control character (PostgreSQL refuses U+0000) and no unpaired surrogate (which is no text).</summary>
    public static bool Is(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) || char.IsLowSurrogate(text[i])) return false;
            if (char.IsHighSurrogate(text[i]) && (++i == text.Length || !char.IsLowSurrogate(text[i]))) return false;
        }

        return true;
    }
}
