using System.Globalization;
using System.Xml.Linq;
using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>DeleteObject and DeleteObjects.</summary>
internal sealed class DeleteHandler(ObjectStore store, S3Authorizer authorizer)
{
    // As S3.
    private const int MaxObjects = 1000;

    private static readonly S3Permission Permission = S3Permission.Of(S3Operation.DeleteObject);

    public async Task<S3Error?> DeleteAsync(S3Request request)
    {
        if (Check(request, request.Key, request.VersionId) is { } denied) return denied;
        var wanted = new DeleteConditions(
            request.Header("If-Match"), request.Header("x-amz-if-match-last-modified-time"), request.Header("x-amz-if-match-size"));
        StoreResult<DeleteOutcome> deleted = await DeleteAsync(request, request.Key, request.VersionId, wanted);
        if (!deleted.IsOk) return MapDelete(request, deleted.Failure, request.VersionId);
        if (deleted.Value.VersionId is { } version) request.Response.Headers["x-amz-version-id"] = version;
        if (deleted.Value.IsDeleteMarker) request.Response.Headers["x-amz-delete-marker"] = "true";
        return S3Response.NoContent(request);
    }

    public async Task<S3Error?> DeleteManyAsync(S3Request request)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxList);
        if (!body.IsOk) return body.Error;
        if (body.Value.Length == 0) return new S3Error(S3ErrorCode.MissingRequestBodyError, "Request Body is empty");
        S3Result<XElement> parsed = S3XmlReader.Parse(body.Value, "Delete");
        if (!parsed.IsOk) return parsed.Error;
        XElement[] items = [.. parsed.Value.Elements("Object")];
        if (items.Length is 0 or > MaxObjects || items.Any(i => string.IsNullOrEmpty(i.Text("Key")))) return S3Error.MalformedXml;
        bool isQuiet = parsed.Value.Text("Quiet")?.Trim().Equals("true", StringComparison.OrdinalIgnoreCase) == true;
        using var writer = new S3XmlWriter("DeleteResult");
        foreach (XElement item in items) await DeleteOneAsync(request, item, isQuiet, writer);
        return await S3Response.WriteAsync(request, writer);
    }

    private async Task DeleteOneAsync(S3Request request, XElement item, bool isQuiet, S3XmlWriter writer)
    {
        string key = item.Text("Key")!;
        string? versionId = item.Text("VersionId") is { Length: > 0 } given ? given : null;
        var wanted = new DeleteConditions(item.Text("ETag"), item.Text("LastModifiedTime"), item.Text("Size"));
        S3Error? error = Check(request, key, versionId);
        StoreResult<DeleteOutcome> deleted = default;
        if (error is null)
        {
            deleted = await DeleteAsync(request, key, versionId, wanted);
            if (!deleted.IsOk) error = MapDelete(request, deleted.Failure, versionId);
        }

        if (error is not null)
        {
            writer.Open("Error").Add("Key", key).Add("VersionId", versionId).Add("Code", error.Code.ToString()).Add("Message", error.Message).Close();
            return;
        }

        if (isQuiet) return;
        DeleteOutcome outcome = deleted.Value!;
        writer.Open("Deleted").Add("Key", key).Add("VersionId", versionId);
        if (outcome.IsDeleteMarker) writer.Add("DeleteMarker", true).Add("DeleteMarkerVersionId", outcome.VersionId);
        writer.Close();
    }

    private async Task<StoreResult<DeleteOutcome>> DeleteAsync(S3Request request, string key, string? versionId, DeleteConditions wanted)
    {
        WriteCondition? condition = wanted.IfMatch is { } etag ? new WriteCondition(WriteConditions.Unquote(etag)) : null;
        if (wanted.LastModified is null && wanted.Size is null)
            return await store.DeleteObjectAsync(new ObjectDelete(request.BucketName, key, versionId, condition), request.Aborted);
        // Time and size are not the store's conditions: what they were checked on is held by its ETag.
        StoreResult<ObjectVersion> found = store.HeadObject(request.BucketName, key, versionId);
        if (!found.IsOk) return found.Failure;
        if (!wanted.Fits(found.Value)) return StoreError.PreconditionFailed;
        condition ??= new WriteCondition(found.Value.ETag);
        return await store.DeleteObjectAsync(new ObjectDelete(request.BucketName, key, versionId, condition), request.Aborted);
    }

    private S3Error? Check(S3Request request, string key, string? versionId)
    {
        // An ACL's WRITE deletes objects, but not for good.
        var question = versionId is null
            ? new AccessQuestion(Permission.Action, key, Permission.Acl)
            : new AccessQuestion(Permission.VersionAction!, key, null);
        return authorizer.Check(request, request.Bucket, question);
    }

    private static S3Error MapDelete(S3Request request, StoreFailure failure, string? versionId) => failure.Error switch
    {
        // The version ids are the store's own; another text is none of them.
        StoreError.NoSuchVersion => S3Error.InvalidArgument("Invalid version id specified", "versionId", versionId),
        StoreError.InvalidName => new S3Error(S3ErrorCode.KeyTooLongError, "Your key is too long"),
        _ => StoreErrors.Map(failure, request.BucketName),
    };

    /// <summary>What must hold of the object that is deleted.</summary>
    private sealed record DeleteConditions(string? IfMatch, string? LastModified, string? Size)
    {
        public bool Fits(ObjectVersion version) =>
            (Size is null || (long.TryParse(Size, NumberStyles.None, CultureInfo.InvariantCulture, out long size) && size == version.Length))
            && (LastModified is null || (DateTimeOffset.TryParse(
                    LastModified, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
                && time.ToUnixTimeSeconds() == version.LastModified.ToUnixTimeSeconds()));
    }
}
