using System.Globalization;
using System.Reflection;
using CloudLab.ControlPlane.Common;
using CloudLab.Server.Problems;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CloudLab.Server.Api.Common;

/// <summary>A change's <c>If-Match</c> header: the change is made only of the versions that it names.</summary>
/// <param name="Precondition">What it asks for; none without the header.</param>
internal sealed record IfMatch(Precondition Precondition) : IEndpointParameterMetadataProvider
{
    public const string HeaderName = "If-Match";

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status412PreconditionFailed, typeof(Problem), [ProblemResult.ContentType]));
        builder.Metadata.Add(Documentation.Instance);
    }

    public static ValueTask<IfMatch?> BindAsync(HttpContext context)
    {
        StringValues header = context.Request.Headers.IfMatch;
        if (header.Count == 0) return new(new IfMatch(Precondition.None));
        // Half understood it would let through what it should hold back.
        if (!EntityTagHeaderValue.TryParseStrictList([.. header.Select(value => value ?? "")], out IList<EntityTagHeaderValue>? tags))
            throw new MalformedRequestException("'If-Match' is not '*' or a list of entity tags such as \"7\"");
        return new(new IfMatch(tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any)) ? Precondition.None : new Precondition(Versions(tags))));
    }

    // RFC 9110, 13.1.1: compared strongly, so that a weak tag matches nothing. Neither does one that we never gave.
    private static List<long> Versions(IEnumerable<EntityTagHeaderValue> tags)
    {
        List<long> versions = [];
        foreach (EntityTagHeaderValue tag in tags)
            if (!tag.IsWeak && long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out long version))
                versions.Add(version);
        return versions;
    }

    /// <summary>Marks a route that takes the header, for its documentation.</summary>
    internal sealed class Documentation
    {
        public static readonly Documentation Instance = new();
    }
}
