namespace CloudLab.Server.S3.Access;

/// <summary>What a policy says of a request.</summary>
internal enum PolicyEffect
{
    /// <summary>Nothing: others decide.</summary>
    None,
    Allow,

    /// <summary>No, whatever else allows it.</summary>
    Deny,
}
