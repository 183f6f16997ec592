using CloudLab.ControlPlane.Common;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Enumerations are columns of their text, so that a new member never shifts the meaning of stored ones.</summary>
internal sealed class EnumTextConverter<T>() : ValueConverter<T, string>(value => EnumText.Of(value), text => EnumText.Parse<T>(text))
    where T : struct, Enum;
