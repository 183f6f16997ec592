namespace CloudLab.ControlPlane.Persistence;

/// <summary>A random key that all hosts of a database share.</summary>
public sealed class SharedSecret
{
    public SharedSecret(string name, byte[] value)
    {
        Name = name;
        Value = value;
    }

    public string Name { get; private set; }

    public byte[] Value { get; private set; }
}
