namespace CloudLab.ControlPlane.Common;

/// <summary>An id in EC2's form: a prefix and 17 lower-case hexadecimal digits, e.g. <c>i-0123456789abcdef0</c>.</summary>
/// <remarks>Made only by <see cref="ResourceId"/>; ids compare by bytes. A default value is no id and has an empty text.</remarks>
public interface IResourceId<TSelf>
    where TSelf : struct, IResourceId<TSelf>
{
    /// <summary>The prefix with its hyphen, e.g. <c>i-</c>.</summary>
    static abstract string Prefix { get; }

    /// <summary>The whole text.</summary>
    string Value { get; }

    /// <summary>Wraps a text that is known to be well formed.</summary>
    internal static abstract TSelf Wrap(string value);
}
