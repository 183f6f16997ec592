using CloudLab.Server.Backup;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Backups;

internal static class BackupEndpoints
{
    public const string Path = "/v1/admin/backup";
    public const string ContentType = "application/x-tar";

    public static void MapBackups(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/admin/backup", Create)
            .WithTags("Administration")
            .WithName("CreateBackup")
            .WithSummary("Answers with a backup of everything, as a tar archive")
            .WithDescription("It is whole only with its last entry, `end.json`. It holds the server's secrets. `CloudLab.Server restore` takes it.")
            .Produces(StatusCodes.Status200OK, contentType: ContentType)
            .Requires(Permission.BackupsCreate)
            .WithProblems(StatusCodes.Status503ServiceUnavailable);

    private static PushStreamHttpResult Create(BackupWriter backup, HttpContext context) =>
        TypedResults.Stream(target => backup.WriteAsync(target, context.RequestAborted), ContentType, "cloudlab-backup.tar");
}
