namespace CloudLab.ControlPlane.Images;

/// <summary>A label of an image, under the same rules as an instance's. Keys are unique in an image.</summary>
public sealed class ImageTag
{
    public ImageTag(string key, string value)
    {
        Key = key;
        Value = value;
    }

    public ImageId ImageId { get; private set; }

    public string Key { get; private set; }

    public string Value { get; private set; }
}
