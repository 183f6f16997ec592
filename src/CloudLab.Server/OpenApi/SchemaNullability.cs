using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CloudLab.Server.OpenApi;

/// <summary>Says of each property whether it can be null, as its C# type says: the generator gets texts and references wrong.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "made by Swashbuckle")]
internal sealed class SchemaNullability : ISchemaFilter
{
    private readonly NullabilityInfoContext _nullability = new();

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties }) return;
        foreach (PropertyInfo property in context.Type.GetProperties())
        {
            string name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (!properties.TryGetValue(name, out IOpenApiSchema? value)) continue;
            bool nullable = _nullability.Create(property).ReadState == NullabilityState.Nullable;
            properties[name] = value switch
            {
                OpenApiSchema { Type: { } type } own => With(own, nullable ? type | JsonSchemaType.Null : type & ~JsonSchemaType.Null),
                OpenApiSchemaReference reference when nullable => new OpenApiSchema
                {
                    Description = reference.Description,
                    OneOf = [reference, new OpenApiSchema { Type = JsonSchemaType.Null }],
                },
                _ => value,
            };
        }
    }

    private static OpenApiSchema With(OpenApiSchema schema, JsonSchemaType type)
    {
        schema.Type = type;
        return schema;
    }
}
