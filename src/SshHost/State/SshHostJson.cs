using System.Text.Json;
using System.Text.Json.Serialization;
using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>The strict JSON context of the state and of what connector and daemon tell each other.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    MaxDepth = 16,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(HostState))]
[JsonSerializable(typeof(HostRequest))]
[JsonSerializable(typeof(HostAnswer))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SshAccountOrder))]
[JsonSerializable(typeof(SshAccount))]
internal sealed partial class SshHostJson : JsonSerializerContext;
