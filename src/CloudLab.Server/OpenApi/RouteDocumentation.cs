using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CloudLab.Server.OpenApi;

/// <summary>Adds to each operation what its route knows: the permission, what the parameters mean, words for each response.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "made by Swashbuckle")]
internal sealed class RouteDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        Permission? permission = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<Permission>().LastOrDefault();
        if (permission is not null)
        {
            string role = permission.Role.ToString().ToLowerInvariant();
            string whose = permission.IsManagement ? ", in the management account" : "";
            operation.Description = $"{operation.Description}\n\nNeeds the permission `{permission.Name}` (role {role} or above{whose}).".TrimStart();
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(OpenApiSetup.BearerScheme, context.Document)] = [] }];
        }

        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<RawBody>().Any())
            operation.RequestBody = File;
        AddHeaders(operation, context.ApiDescription.ActionDescriptor.EndpointMetadata);
        foreach (OpenApiParameter parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? []) Describe(parameter, operation);
        foreach ((string status, IOpenApiResponse response) in operation.Responses ?? [])
        {
            response.Description = ResponseText(status);
            foreach ((string type, OpenApiMediaType media) in response.Content ?? new Dictionary<string, OpenApiMediaType>())
                if (ExampleOf(type) is { } example)
                    media.Example = example;
        }
    }

    // Text has no properties that could show what it looks like.
    private static string? ExampleOf(string type) => type switch
    {
        "text/plain" => "[    0.000000] Linux version 6.12.48\n…\ncloudlab login: ",
        "text/event-stream" => "id: evt-00000000000001f0\nevent: instances.state-changed\ndata: {\"eventId\":\"evt-00000000000001f0\", …}\n\n",
        _ => null,
    };

    private static OpenApiRequestBody File => new()
    {
        Required = true,
        Description = "The file as it is.",
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["application/octet-stream"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
        },
    };

    // What is bound from headers and what filters by tag no parameter of a handler shows.
    private static void AddHeaders(OpenApiOperation operation, IList<object> metadata)
    {
        operation.Parameters ??= [];
        if (metadata.OfType<TakesFilters>().LastOrDefault() is { HasTags: true })
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = "tags",
                In = ParameterLocation.Query,
                Style = ParameterStyle.Form,
                Explode = true,
                Description = "Only instances with this tag: each member is a parameter `tag:KEY=VALUE`, e.g. `tag:stage=test`; `*` and `?` are wildcards.",
                // Swagger UI begins with the example, and makes up members where there is none. As an extension, because an empty
                // example is not written otherwise.
                Extensions = new Dictionary<string, IOpenApiExtension> { ["example"] = new JsonNodeExtension(new JsonObject()) },
                Schema = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = FilterText.MaxLength },
                },
            });
        }

        if (metadata.OfType<IfMatch.Documentation>().Any())
            AddHeader(operation, IfMatch.HeaderName, "Makes the change only while the `ETag` is one of these; 412 otherwise.");
        if (metadata.OfType<EntityHeaders>().Any())
            AddHeader(operation, "If-None-Match", "Answers 304 without a body while the `ETag` is one of these.");
    }

    private static void AddHeader(OpenApiOperation operation, string name, string description) =>
        operation.Parameters!.Add(new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Header,
            Description = description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            Example = "\"7\"",
        });

    private static void Describe(OpenApiParameter parameter, OpenApiOperation operation)
    {
        (string? description, string? example) = (parameter.Name, operation.OperationId) switch
        {
            ("id", "GetImage" or "BuildImage" or "CopyImage") => ("The image's id, or a built-in image's name.", "cloudlab-linux"),
            ("id", "ShareImage" or "DeregisterImage" or "UploadImageKernel" or "UploadImageFirmware" or "UploadImageInitramfs") =>
                ("The image's id.", "ami-0123456789abcdef0"),
            ("id", "GetWebhook" or "ChangeWebhook" or "DeleteWebhook") => ("The webhook's id.", "whk-0123456789abcdef0"),
            ("limit", "ListEvents") => ("How many events at most, 1 to 1000. Default: 100.", null),
            ("nextToken", "ListEvents") => ("The `nextToken` of the page before. Default: the first page.", null),
            ("id", "GetUser" or "ChangeUser" or "DeleteUser") => ("The user's id.", "usr-0123456789abcdef0"),
            ("id", "RevokeToken") => ("The token's id.", "tok-0123456789abcdef0"),
            ("id", "RevokeAccessKey") => ("The access key's id.", "AKIAABCDEFGHIJKLMNOP"),
            ("id", { } name) when name.Contains("Account", StringComparison.Ordinal) => ("The account's id.", "123456789012"),
            ("id", _) => ("The instance's id.", "i-0123456789abcdef0"),
            ("name", "GetHost") => ("The host's name.", "cloudlab"),
            ("name", "ListImages") => (parameter.Description, null),
            ("name", _) => ("The instance type's name.", "standard.small"),
            ("force", _) => ("Whether to stop it at once, without asking the guest. Default: false.", null),
            ("hard", _) => ("Whether to reset it at once, without asking the guest. Default: false.", null),
            ("key", _) => ("The key of a tag to remove, e.g. `stage`.", null),
            ("clientToken", _) => ("Makes the request safe to repeat: the same token reboots once. Default: none, and each request reboots.", null),
            _ => (parameter.Description, null),
        };
        parameter.Description = description;
        if (example is not null) parameter.Example = example;
    }

    private static string ResponseText(string status) => status switch
    {
        "101" => "The connection is a WebSocket now.",
        "200" => "Here it is.",
        "201" => "It is made.",
        "202" => "The change is committed and on its way.",
        "204" => "It is gone.",
        "304" => "The client has this version already.",
        "400" => "A value is malformed or out of range.",
        "401" => "There is no token, or it is unknown, expired or revoked.",
        "403" => "The token's role does not have the permission, or not for this; or the account is suspended.",
        "404" => "There is no such thing in the caller's account.",
        "409" => "The state of things does not allow it now.",
        "412" => "It has changed since the version that `If-Match` names.",
        "413" => "The body is larger than 256 KiB, or a file than 512 MiB.",
        "429" => "There are too many of these at once.",
        "415" => "The body is not `application/json`.",
        "426" => "The request is not a WebSocket handshake.",
        "503" => "Not now: the detail says why.",
        _ => ReasonPhrases.GetReasonPhrase(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture)),
    };
}
