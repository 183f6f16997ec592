using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CloudLab.Server.OpenApi;

/// <summary>The description of the API at <c>/openapi/v1.json</c> and its page at <c>/swagger</c>.</summary>
internal static class OpenApiSetup
{
    public const string BearerScheme = "bearer";

    private const string Document = "v1";
    private const string DocumentPath = "/openapi/{documentName}.json";

    public static void AddCloudLabOpenApi(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        // Swashbuckle would describe MVC's serializer; the routes use this one.
        services.AddSingleton<ISerializerDataContractResolver>(provider =>
            new JsonSerializerDataContractResolver(provider.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions));
        services.AddSwaggerGen(Configure);
    }

    public static void MapCloudLabOpenApi(this IEndpointRouteBuilder routes) =>
        routes.MapSwagger(DocumentPath, swagger => swagger.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1)
            .WithName("OpenApi")
            .AllowAnonymous();

    public static void UseCloudLabSwaggerUi(this IApplicationBuilder app) => app.UseSwaggerUI(page =>
    {
        page.RoutePrefix = "swagger";
        page.DocumentTitle = "CloudLab API";
        page.SwaggerEndpoint(DocumentPath.Replace("{documentName}", Document, StringComparison.Ordinal), "CloudLab v1");
        page.DisplayRequestDuration();
        page.EnableTryItOutByDefault();
    });

    private static void Configure(SwaggerGenOptions swagger)
    {
        swagger.SwaggerDoc(Document, new OpenApiInfo
        {
            Title = "CloudLab",
            Version = Document,
            Description = "Virtual machines that run real Linux kernels, over REST. "
                + "Changes answer 202 as soon as they are committed; the state of the instance shows the rest. "
                + "Every error is a problem (RFC 9457) with a stable `code`. "
                + "What is shown by itself has an `ETag`; changes take `If-Match`.",
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
        });
        swagger.AddSecurityDefinition(BearerScheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API token. The administrator's is in `admin.token` in the data directory.",
        });
        swagger.CustomSchemaIds(type => type.Name.EndsWith("View", StringComparison.Ordinal) ? type.Name[..^4] : type.Name);
        swagger.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, "CloudLab.Server.xml"));
        swagger.OperationFilter<RouteDocumentation>();
        swagger.SchemaFilter<SchemaNullability>();
        swagger.SchemaFilter<TagLimits>();
    }
}
