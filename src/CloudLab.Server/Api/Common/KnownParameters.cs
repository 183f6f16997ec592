using System.Reflection;
using CloudLab.Server.Console;
using CloudLab.Server.Problems;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;

namespace CloudLab.Server.Api.Common;

/// <summary>Refuses query parameters that a route does not take: a misspelt one would be ignored, and its wish with it.</summary>
internal static class KnownParameters
{
    private const string Ticket = "ticket";

    /// <summary>For all routes of a group. What a route takes is what its handler's parameters say.</summary>
    public static RouteGroupBuilder RefuseUnknownParameters(this RouteGroupBuilder group)
    {
        group.AddEndpointFilterFactory((context, next) =>
        {
            ParameterInfo[] parameters = context.MethodInfo.GetParameters();
            HashSet<string>? known = null;
            return invocation =>
            {
                HttpContext http = invocation.HttpContext;
                if (!http.Request.QueryString.HasValue) return next(invocation);
                // What else the endpoint says of itself is complete only now.
                var endpoint = (RouteEndpoint)http.GetEndpoint()!;
                if (endpoint.Metadata.GetMetadata<TakesFilters>() is not null) return next(invocation);
                known ??= Known(parameters, endpoint);
                return Find(http.Request, known) is { } unknown ? new(Refuse(unknown, known)) : next(invocation);
            };
        });
        return group;
    }

    private static ProblemResult Refuse(string unknown, HashSet<string> known)
    {
        string shown = unknown.Length <= 64 ? unknown : unknown[..64];
        string takes = known.Count == 0 ? "this takes none" : $"this takes {string.Join(", ", known.Order(StringComparer.Ordinal))}";
        return new(StatusCodes.Status400BadRequest, "invalid-parameter", $"'{shown}' is not a known query parameter; {takes}");
    }

    private static string? Find(HttpRequest request, HashSet<string> known)
    {
        foreach (QueryStringEnumerable.EncodedNameValuePair pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            string name = pair.DecodeName().ToString();
            if (!known.Contains(name)) return name;
        }

        return null;
    }

    private static HashSet<string> Known(ParameterInfo[] parameters, RouteEndpoint endpoint)
    {
        HashSet<string> known = [.. Names(parameters, endpoint)];
        if (endpoint.Metadata.GetMetadata<AcceptsConsoleTicket>() is not null) known.Add(Ticket);
        return known;
    }

    private static IEnumerable<string> Names(ParameterInfo[] parameters, RouteEndpoint endpoint)
    {
        foreach (ParameterInfo parameter in parameters)
        {
            if (parameter.GetCustomAttribute<AsParametersAttribute>() is not null)
            {
                foreach (PropertyInfo property in parameter.ParameterType.GetProperties())
                    if (property.GetCustomAttributes().OfType<IFromQueryMetadata>().FirstOrDefault() is { } named)
                        yield return named.Name ?? property.Name;
            }
            else if (parameter.GetCustomAttributes().OfType<IFromQueryMetadata>().FirstOrDefault() is { } named)
            {
                yield return named.Name ?? parameter.Name!;
            }
            else if (IsSimple(parameter.ParameterType) && endpoint.RoutePattern.GetParameter(parameter.Name!) is null)
            {
                yield return parameter.Name!;
            }
        }
    }

    private static bool IsSimple(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsArray) type = type.GetElementType()!;
        return type == typeof(string) || type.IsPrimitive || type.IsEnum;
    }
}
