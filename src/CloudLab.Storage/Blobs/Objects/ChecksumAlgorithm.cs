namespace CloudLab.Storage.Blobs.Objects;

/// <summary>The checksums that S3 clients may ask for. The numbers are part of the stored format.</summary>
public enum ChecksumAlgorithm
{
    Crc32 = 1,
    Crc32C = 2,

    /// <summary>CRC-64/NVME, reflected polynomial 0x9A6C9329AC4BC9B5.</summary>
    Crc64Nvme = 3,
    Sha1 = 4,
    Sha256 = 5,
}
