namespace CloudLab.Storage.Volumes;

/// <summary>Carries an expected failure out of the depth of the engine to the edge, where it becomes a value.</summary>
internal sealed class VolumeException(VolumeError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public VolumeError Error => error;
}
