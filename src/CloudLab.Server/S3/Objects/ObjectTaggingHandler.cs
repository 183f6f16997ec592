using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>GetObjectTagging, PutObjectTagging and DeleteObjectTagging.</summary>
internal sealed class ObjectTaggingHandler(ObjectStore store, S3Authorizer authorizer)
{
    public async Task<S3Error?> GetAsync(S3Request request)
    {
        S3Result<ObjectVersion> version = Find(request, []);
        if (!version.IsOk) return version.Error;
        ObjectResponse.WriteVersion(request, version.Value);
        return await S3Response.WriteXmlAsync(request, TagSet.Write(version.Value.Attributes.Tags));
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxConfiguration);
        if (!body.IsOk) return body.Error;
        S3Result<IReadOnlyList<KeyValuePair<string, string>>> tags = TagSet.Read(body.Value, TagSet.MaxObjectTags);
        if (!tags.IsOk) return tags.Error;
        return await SetAsync(request, tags.Value) ?? S3Response.Empty(request);
    }

    public async Task<S3Error?> DeleteAsync(S3Request request) => await SetAsync(request, []) ?? S3Response.NoContent(request);

    private async Task<S3Error?> SetAsync(S3Request request, IReadOnlyList<KeyValuePair<string, string>> tags)
    {
        S3Result<ObjectVersion> version = Find(request, tags);
        if (!version.IsOk) return version.Error;
        StoreResult<ObjectVersion> changed = await store.ChangeObjectAsync(
            request.BucketName, request.Key, version.Value.VersionId, new ObjectChange { Tags = tags }, request.Aborted);
        if (!changed.IsOk) return StoreErrors.Map(changed.Failure, request.BucketName);
        ObjectResponse.WriteVersion(request, changed.Value);
        return null;
    }

    private S3Result<ObjectVersion> Find(S3Request request, IReadOnlyList<KeyValuePair<string, string>> newTags)
    {
        S3Permission permission = S3Permission.Of(request.Operation);
        string action = request.VersionId is null ? permission.Action : permission.VersionAction!;
        StoreResult<ObjectVersion> found = store.HeadObject(request.BucketName, request.Key, request.VersionId);
        var question = new AccessQuestion(action, request.Key, permission.Acl)
        {
            ExistingTags = found.Value?.Attributes.Tags ?? [],
            RequestTags = newTags,
        };
        if (authorizer.Check(request, request.Bucket, question) is { } denied) return denied;
        return found.IsOk ? found.Value : StoreErrors.Map(found.Failure, request.BucketName);
    }
}
