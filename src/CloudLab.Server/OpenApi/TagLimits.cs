using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using CloudLab.ControlPlane.Instances;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CloudLab.Server.OpenApi;

/// <summary>Says of tags how many there can be and how long: no attribute reaches what is in a dictionary.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "made by Swashbuckle")]
internal sealed class TagLimits : ISchemaFilter
{
    private const string Name = "Tags";

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties }) return;
        PropertyInfo? property = context.Type.GetProperty(Name);
        bool isTags = property is not null && property.PropertyType.IsAssignableFrom(typeof(Dictionary<string, string>));
        if (!isTags || !properties.TryGetValue(JsonNamingPolicy.CamelCase.ConvertName(Name), out IOpenApiSchema? tags)) return;
        if (tags is not OpenApiSchema own) return;
        own.MaxProperties = InstanceTag.MaxPerInstance;
        if (own.AdditionalProperties is OpenApiSchema value) value.MaxLength = InstanceTag.MaxValueLength;
        own.Description = $"{own.Description} At most {InstanceTag.MaxPerInstance}; keys have 1 to {InstanceTag.MaxKeyLength} characters "
            + $"and do not begin with `{InstanceTag.ReservedPrefix}`.";
    }
}
