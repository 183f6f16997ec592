namespace CloudLab.ControlPlane.Images;

/// <summary>Carries a fault of an upload through the blob store's put, which knows no other way to be told. Never leaves this folder.</summary>
internal sealed class UploadRefusedException(UploadFault fault) : Exception
{
    public UploadFault Fault => fault;
}

/// <summary>What was wrong with an upload's bytes.</summary>
internal enum UploadFault
{
    Empty,
    TooLong,
    CutOff,
    WrongChecksum,
}
