namespace CloudLab.Server.Api.Common;

/// <summary>Marks a route that answers with an <c>ETag</c>, for its documentation.</summary>
internal sealed class EntityHeaders
{
    public static readonly EntityHeaders Instance = new();
}
