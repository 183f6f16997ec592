using CloudLab.Server.S3.Access;

namespace CloudLab.Server.S3.Routing;

/// <summary>What a caller must be allowed for an operation.</summary>
/// <param name="Action">As policies name it.</param>
/// <param name="VersionAction">As they name it where a version is asked for; null for the same.</param>
/// <param name="Acl">What an ACL must grant; null where only a policy can give it to others than the owner.</param>
internal sealed record S3Permission(string Action, string? VersionAction, AclPermission? Acl)
{
    /// <summary>What an operation needs. The ACL is the object's for operations that read an object, else the bucket's.</summary>
    public static S3Permission Of(S3Operation operation) => operation switch
    {
        S3Operation.ListBuckets => new("s3:ListAllMyBuckets", null, null),
        S3Operation.CreateBucket => new("s3:CreateBucket", null, null),
        S3Operation.HeadBucket or S3Operation.ListObjects or S3Operation.ListObjectsV2 => new("s3:ListBucket", null, AclPermission.Read),
        S3Operation.ListObjectVersions => new("s3:ListBucketVersions", null, AclPermission.Read),
        S3Operation.ListMultipartUploads => new("s3:ListBucketMultipartUploads", null, AclPermission.Read),
        S3Operation.DeleteBucket => new("s3:DeleteBucket", null, null),
        S3Operation.GetBucketLocation => new("s3:GetBucketLocation", null, null),
        S3Operation.GetBucketVersioning => new("s3:GetBucketVersioning", null, null),
        S3Operation.PutBucketVersioning => new("s3:PutBucketVersioning", null, null),
        S3Operation.GetBucketTagging => new("s3:GetBucketTagging", null, null),
        S3Operation.PutBucketTagging or S3Operation.DeleteBucketTagging => new("s3:PutBucketTagging", null, null),
        S3Operation.GetBucketCors => new("s3:GetBucketCORS", null, null),
        S3Operation.PutBucketCors or S3Operation.DeleteBucketCors => new("s3:PutBucketCORS", null, null),
        S3Operation.GetBucketPolicy => new("s3:GetBucketPolicy", null, null),
        S3Operation.PutBucketPolicy => new("s3:PutBucketPolicy", null, null),
        S3Operation.DeleteBucketPolicy => new("s3:DeleteBucketPolicy", null, null),
        S3Operation.GetBucketPolicyStatus => new("s3:GetBucketPolicyStatus", null, null),
        S3Operation.GetBucketAcl => new("s3:GetBucketAcl", null, AclPermission.ReadAcp),
        S3Operation.PutBucketAcl => new("s3:PutBucketAcl", null, AclPermission.WriteAcp),
        S3Operation.GetBucketOwnershipControls => new("s3:GetBucketOwnershipControls", null, null),
        S3Operation.PutBucketOwnershipControls or S3Operation.DeleteBucketOwnershipControls => new("s3:PutBucketOwnershipControls", null, null),
        S3Operation.GetPublicAccessBlock => new("s3:GetBucketPublicAccessBlock", null, null),
        S3Operation.PutPublicAccessBlock or S3Operation.DeletePublicAccessBlock => new("s3:PutBucketPublicAccessBlock", null, null),
        S3Operation.GetBucketEncryption => new("s3:GetEncryptionConfiguration", null, null),
        S3Operation.PutBucketEncryption or S3Operation.DeleteBucketEncryption => new("s3:PutEncryptionConfiguration", null, null),
        S3Operation.GetAbsentConfiguration => new("s3:GetBucketConfiguration", null, null),
        S3Operation.DeleteAbsentConfiguration => new("s3:PutBucketConfiguration", null, null),
        S3Operation.PutObject or S3Operation.CopyObject or S3Operation.CreateMultipartUpload or S3Operation.UploadPart
            or S3Operation.UploadPartCopy or S3Operation.CompleteMultipartUpload => new("s3:PutObject", null, AclPermission.Write),
        S3Operation.AbortMultipartUpload => new("s3:AbortMultipartUpload", null, AclPermission.Write),
        S3Operation.ListParts => new("s3:ListMultipartUploadParts", null, AclPermission.Write),
        S3Operation.DeleteObject or S3Operation.DeleteObjects => new("s3:DeleteObject", "s3:DeleteObjectVersion", AclPermission.Write),
        S3Operation.GetObject or S3Operation.HeadObject => new("s3:GetObject", "s3:GetObjectVersion", AclPermission.Read),
        S3Operation.GetObjectAttributes => new("s3:GetObject", "s3:GetObjectVersion", AclPermission.Read),
        S3Operation.GetObjectTagging => new("s3:GetObjectTagging", "s3:GetObjectVersionTagging", null),
        S3Operation.PutObjectTagging => new("s3:PutObjectTagging", "s3:PutObjectVersionTagging", null),
        S3Operation.DeleteObjectTagging => new("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", null),
        S3Operation.GetObjectAcl => new("s3:GetObjectAcl", "s3:GetObjectVersionAcl", AclPermission.ReadAcp),
        S3Operation.PutObjectAcl => new("s3:PutObjectAcl", "s3:PutObjectVersionAcl", AclPermission.WriteAcp),
    };
}
