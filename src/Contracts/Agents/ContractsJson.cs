using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>The strict JSON context of everything in this project.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    MaxDepth = 16,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AgentMessage))]
[JsonSerializable(typeof(ControlMessage))]
[JsonSerializable(typeof(Table))]
[JsonSerializable(typeof(TableDelta))]
public sealed partial class ContractsJson : JsonSerializerContext;
