namespace CloudLab.Server.S3.Auth;

/// <summary>The access keys and users that S3 requests can name. The control plane knows them; tests have their own.</summary>
/// <remarks>Called for each request and from any thread; a revoked key is unknown at once.</remarks>
internal interface IS3Credentials
{
    /// <summary>Who holds a key, or null when it is unknown or revoked.</summary>
    ValueTask<S3Principal?> FindAsync(string accessKeyId, CancellationToken cancellationToken);

    /// <summary>The user with this canonical id, or null.</summary>
    ValueTask<S3Owner?> FindOwnerAsync(string canonicalUserId, CancellationToken cancellationToken);

    /// <summary>The user with this e-mail address, or null.</summary>
    ValueTask<S3Owner?> FindOwnerByEmailAsync(string email, CancellationToken cancellationToken);
}
