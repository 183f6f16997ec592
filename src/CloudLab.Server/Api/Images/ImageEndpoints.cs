using System.Security.Claims;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Hosting;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Images;

internal static class ImageEndpoints
{
    public static void MapImages(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder images = routes.MapGroup("/images").WithTags("Images");
        images.MapGet("/", ListAsync)
            .WithName("ListImages")
            .WithSummary("Lists the images that instances can boot from, by name")
            .Requires(Permission.ImagesRead)
            .WithProblems(StatusCodes.Status400BadRequest);
        images.MapGet("/{id}", GetAsync)
            .WithName("GetImage")
            .WithSummary("Shows one image, by id or by a built-in image's name")
            .Requires(Permission.ImagesRead)
            .WithProblems(StatusCodes.Status404NotFound);
        images.MapImageChanges();
        images.MapImageUploads();
        images.MapPost("/{id}/build", BuildAsync)
            .WithName("BuildImage")
            .WithSummary("Builds a built-in image that is not available, or builds it anew")
            .WithDescription("Answers at once; the image's state shows how it goes. Nothing when a build is under way.")
            .Requires(Permission.ImagesBuild)
            .WithProblems(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<ImageList>, ProblemResult>> ListAsync(
        [AsParameters] ListImagesQuery query, ImageService images, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<ImageQuery> wanted = query.ToQuery();
        if (!wanted.IsOk) return ProblemResult.From(wanted.Error);
        Result<Page<ImageDetails>> page = await images.ListAsync(user.Caller().AccountId, wanted.Value, cancellationToken);
        if (!page.IsOk) return ProblemResult.From(page.Error);
        return TypedResults.Ok(new ImageList { Images = [.. page.Value.Items.Select(ImageView.Of)], NextToken = page.Value.NextToken });
    }

    private static async Task<Results<EntityResult<ImageView>, ProblemResult>> GetAsync(
        string id, ImageService images, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<ImageDetails> image = await images.GetAsync(user.Caller().AccountId, id, cancellationToken);
        return image.IsOk
            ? new EntityResult<ImageView>(ImageView.Of(image.Value), image.Value.Version)
            : ProblemResult.From(image.Error);
    }

    private static async Task<Results<Accepted<ImageView>, ProblemResult>> BuildAsync(
        string id, ImageService images, BuiltInImageBuilder builder, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Result<ImageDetails> image = await images.GetAsync(user.Caller().AccountId, id, cancellationToken);
        if (!image.IsOk) return ProblemResult.From(image.Error);
        if (!image.Value.IsBuiltIn)
            return ProblemResult.From(new CloudLabError(ErrorCode.InvalidParameter, "only built-in images are built here"));
        builder.Request();
        return TypedResults.Accepted($"/v1/images/{image.Value.Id}", ImageView.Of(image.Value));
    }
}
