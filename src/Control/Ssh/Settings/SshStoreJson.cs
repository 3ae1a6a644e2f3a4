using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>Settings inside a column.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SshColumn))]
internal sealed partial class SshStoreJson : JsonSerializerContext;
