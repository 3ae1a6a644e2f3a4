using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>A configuration inside a column.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(HandedConfig))]
internal sealed partial class HandedJson : JsonSerializerContext;
