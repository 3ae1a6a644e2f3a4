using System.Text.Json.Serialization;

namespace Keyhole.Connector;

/// <summary>How <see cref="MetHosts"/> stand in their file.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(List<SshTarget>))]
internal sealed partial class MetHostsJson : JsonSerializerContext;
