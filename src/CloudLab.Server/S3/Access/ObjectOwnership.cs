namespace CloudLab.Server.S3.Access;

/// <summary>Who owns what others write into a bucket, and whether ACLs count.</summary>
internal enum ObjectOwnership
{
    /// <summary>The writer; ACLs count. What a bucket has that nobody set up.</summary>
    ObjectWriter,

    /// <summary>The bucket's owner, where the writer gives it full control.</summary>
    BucketOwnerPreferred,

    /// <summary>The bucket's owner; ACLs do not count.</summary>
    BucketOwnerEnforced,
}
