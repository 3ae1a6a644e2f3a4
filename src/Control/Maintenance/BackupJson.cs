using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>The lines of a backup.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(BackupHeader))]
[JsonSerializable(typeof(BackupTable))]
[JsonSerializable(typeof(BackupEnd))]
internal sealed partial class BackupJson : JsonSerializerContext;
