using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Images;

/// <summary>What an account does with images of its own.</summary>
internal static class ImageChangeEndpoints
{
    public static void MapImageChanges(this RouteGroupBuilder images)
    {
        images.MapPost("/", RegisterAsync)
            .WithName("RegisterImage")
            .WithSummary("Registers an image, whose files are uploaded afterwards")
            .WithDescription("The image is `pending` until its kernel is there (in mode M: its kernel or its firmware).")
            .Requires(Permission.ImagesWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        images.MapPost("/{id}/copy", CopyAsync)
            .WithName("CopyImage")
            .WithSummary("Makes an image of one's own with the files of a built-in or shared one")
            .WithDescription("What becomes of the source does not matter to the copy.")
            .Requires(Permission.ImagesWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        images.MapPut("/{id}/permissions", ShareAsync)
            .WithName("ShareImage")
            .WithSummary("Says which other accounts may use an image, in place of what was said before")
            .Requires(Permission.ImagesWrite)
            .WithProblems(
                StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound,
                StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        images.MapDelete("/{id}", DeregisterAsync)
            .WithName("DeregisterImage")
            .WithSummary("Withdraws an image for good")
            .WithDescription("Instances that there are go on, and can be started again; its files go with the last of them.")
            .Requires(Permission.ImagesWrite)
            .WithProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<ImageView>, ProblemResult>> RegisterAsync(
        RegisterImageRequest request, ImageRegistry images, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Made(await images.RegisterAsync(user.Caller().AccountId, request.ToCommand(), cancellationToken));

    private static async Task<Results<Created<ImageView>, ProblemResult>> CopyAsync(
        string id, CopyImageRequest request, ImageRegistry images, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Made(await images.CopyAsync(user.Caller().AccountId, id, request.ToCommand(), cancellationToken));

    private static async Task<Results<Ok<ImageView>, ProblemResult>> ShareAsync(
        string id, ImagePermissions request, ImageRegistry images, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<ImageSharing> sharing = request.ToSharing();
        if (!sharing.IsOk) return ProblemResult.From(sharing.Error);
        return Changed(await images.ShareAsync(user.Caller().AccountId, id, sharing.Value, cancellationToken));
    }

    private static async Task<Results<Ok<ImageView>, ProblemResult>> DeregisterAsync(
        string id, ImageRegistry images, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Changed(await images.DeregisterAsync(user.Caller().AccountId, id, cancellationToken));

    private static Results<Created<ImageView>, ProblemResult> Made(Result<ImageDetails> image)
    {
        if (!image.IsOk) return ProblemResult.From(image.Error);
        return TypedResults.Created($"/v1/images/{image.Value.Id}", ImageView.Of(image.Value));
    }

    private static Results<Ok<ImageView>, ProblemResult> Changed(Result<ImageDetails> image) =>
        image.IsOk ? TypedResults.Ok(ImageView.Of(image.Value)) : ProblemResult.From(image.Error);
}
