using CloudLab.ControlPlane.Common;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Ids are columns of text.</summary>
internal sealed class ResourceIdConverter<T>() : ValueConverter<T, string>(id => id.Value, text => ResourceId.Parse<T>(text))
    where T : struct, IResourceId<T>;
