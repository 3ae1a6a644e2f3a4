using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>What servers tell each other. Members that a newer version adds are passed over.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(SiblingMessage))]
[JsonSerializable(typeof(SiblingCall))]
[JsonSerializable(typeof(SshCall))]
[JsonSerializable(typeof(SshOutcome))]
internal sealed partial class SiblingJson : JsonSerializerContext;
