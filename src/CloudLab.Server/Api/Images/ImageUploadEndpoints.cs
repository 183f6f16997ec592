using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;
using CloudLab.Server.OpenApi;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Images;

/// <summary>The files of an image: raw bodies, streamed into the blob store.</summary>
internal static class ImageUploadEndpoints
{
    private const string Description = "The body is the file itself, at most 512 MiB. `Content-MD5`, `x-checksum-sha256` or `Content-Digest: sha-256=:…:` "
        + "are verified where they are given. What is cut off, too long, has another checksum or cannot be loaded by any machine leaves "
        + "nothing. A file takes the place of the one before; instances boot it from their next start on.";

    public static void MapImageUploads(this RouteGroupBuilder images)
    {
        Map(images, ImagePart.Kernel, "UploadImageKernel", "Uploads an image's kernel: an ELF, a Linux Image or a flat binary");
        Map(images, ImagePart.Firmware, "UploadImageFirmware", "Uploads an image's firmware: a flat binary that starts in M-mode at 0x80000000");
        Map(images, ImagePart.Initramfs, "UploadImageInitramfs", "Uploads an image's initial RAM file system");
    }

    private static void Map(RouteGroupBuilder images, ImagePart part, string name, string summary) =>
        images.MapPut(
                $"/{{id}}/{EnumText.Of(part)}",
                (string id, HttpRequest request, ImageUploads uploads, CancellationToken cancellationToken) =>
                    UploadAsync(id, part, request, uploads, cancellationToken))
            .WithName(name)
            .WithSummary(summary)
            .WithDescription(Description)
            .WithMetadata(new RawBody(ImageUploads.MaxBytes))
            .Requires(Permission.ImagesWrite)
            .WithProblems(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge);

    private static async Task<Results<Ok<ImageUploadView>, ProblemResult>> UploadAsync(
        string id, ImagePart part, HttpRequest request, ImageUploads uploads, CancellationToken cancellationToken)
    {
        Result<UploadChecks> checks = UploadHeaders.Read(request);
        if (!checks.IsOk) return ProblemResult.From(checks.Error);
        Result<ImageUpload> upload = await uploads.UploadAsync(
            request.HttpContext.User.Caller().AccountId, id, part, request.Body, checks.Value, cancellationToken);
        return upload.IsOk ? TypedResults.Ok(ImageUploadView.Of(upload.Value)) : ProblemResult.From(upload.Error);
    }
}
