using System.Globalization;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>GetObject and HeadObject.</summary>
internal sealed class GetObjectHandler(ObjectStore store, ObjectAccess access)
{
    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        StoreResult<ObjectReader> opened = store.OpenObject(request.BucketName, request.Key, request.VersionId);
        S3Permission permission = S3Permission.Of(request.Operation);
        if (!opened.IsOk) return Missing(request, opened.Failure, permission);
        using ObjectReader reader = opened.Value;
        if (access.Check(request, request.Bucket, request.Key, request.VersionId, reader.Version, permission) is { } denied) return denied;
        return await ReadAsync(request, reader);
    }

    private S3Error Missing(S3Request request, StoreFailure failure, S3Permission permission)
    {
        S3Error error = access.Missing(
            request, request.Bucket, request.Key, request.VersionId, permission, StoreErrors.Map(failure, request.BucketName));
        if (error.Code == S3ErrorCode.AccessDenied) return error;
        // A delete marker tells of itself.
        if (failure.VersionId is not { } marker) return error;
        request.Response.Headers["x-amz-delete-marker"] = "true";
        request.Response.Headers["x-amz-version-id"] = marker;
        if (failure.Error == StoreError.IsDeleteMarker) request.Response.Headers.Allow = "DELETE";
        return error;
    }

    private async Task<S3Error?> ReadAsync(S3Request request, ObjectReader reader)
    {
        ObjectVersion version = reader.Version;
        if (ReadConditions.OfRead(request.Http.Request.Headers).Check(version) is { } unmet)
        {
            ObjectResponse.WriteVersion(request, version);
            ObjectResponse.WriteValidators(request.Response, version);
            return unmet;
        }

        S3Result<ByteRange?> selected = Select(request, version, out int partsCount);
        if (!selected.IsOk && selected.Error is { } wrong)
        {
            if (wrong.Code == S3ErrorCode.InvalidRange) request.Response.Headers.ContentRange = $"bytes */{version.Length}";
            return wrong;
        }

        ByteRange range = selected.Value ?? new ByteRange(0, version.Length);
        if (!request.IsHead && reader.Prefetch(range.Offset, range.Length) is { } damaged) return StoreErrors.Map(damaged);
        ObjectResponse.Write(request, version);
        if (ObjectResponse.WriteOverrides(request) is { } badOverride) return badOverride;
        if (partsCount > 0) request.Response.Headers["x-amz-mp-parts-count"] = partsCount.ToString(CultureInfo.InvariantCulture);
        request.Response.ContentLength = range.Length;
        if (selected.Value is not null)
        {
            request.Response.StatusCode = StatusCodes.Status206PartialContent;
            request.Response.Headers.ContentRange = range.ContentRange(version.Length);
        }
        else if ("ENABLED".Equals(request.Header("x-amz-checksum-mode"), StringComparison.OrdinalIgnoreCase))
        {
            ChecksumHeaders.Write(request.Response, version.Checksums, version.PartCount);
        }

        if (request.IsHead || range.Length == 0) return null;
        await reader.CopyToAsync(request.Response.BodyWriter, range.Offset, range.Length, request.Aborted);
        return null;
    }

    private S3Result<ByteRange?> Select(S3Request request, ObjectVersion version, out int partsCount)
    {
        partsCount = 0;
        string? header = request.Http.Request.Headers.Range;
        if (request.Query["partNumber"] is { } text)
        {
            if (header is not null) return S3Error.InvalidRequest("Cannot specify both Range header and partNumber query parameter");
            return SelectPart(request, version, text, out partsCount);
        }

        string? ifRange = request.Http.Request.Headers.IfRange;
        if (ifRange is not null && !ReadConditions.AllowsRange(ifRange, version)) header = null;
        return ByteRange.Parse(header, version.Length);
    }

    private S3Result<ByteRange?> SelectPart(S3Request request, ObjectVersion version, string text, out int partsCount)
    {
        partsCount = 0;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > MultipartLimits.MaxParts)
            return S3Error.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text);
        var noPart = new S3Error(S3ErrorCode.InvalidPart, "The requested partnumber is not satisfiable");
        ByteRange? whole = version.Length == 0 ? null : new ByteRange(0, version.Length);
        if (version.PartCount == 0) return number == 1 ? whole! : noPart;
        StoreResult<PartPage> page = store.ListObjectParts(request.BucketName, request.Key, version.VersionId, number - 1, 1);
        if (!page.IsOk) return StoreErrors.Map(page.Failure);
        if (page.Value.Parts is not [{ } part] || part.Number != number) return noPart;
        partsCount = version.PartCount;
        ByteRange? range = part.Length == 0 ? null : new ByteRange(part.Offset, part.Length);
        return range!;
    }
}
