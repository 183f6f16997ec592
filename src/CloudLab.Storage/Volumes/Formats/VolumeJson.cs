using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>The records that are kept as JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(VolumeRecord))]
[JsonSerializable(typeof(RootRecord))]
[JsonSerializable(typeof(HintRecord))]
internal sealed partial class VolumeJson : JsonSerializerContext;
