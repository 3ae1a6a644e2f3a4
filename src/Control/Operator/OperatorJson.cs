using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>What goes over the operator's socket, and what --json prints.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    MaxDepth = 16,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ApplyRequest))]
[JsonSerializable(typeof(ApplyAnswer))]
[JsonSerializable(typeof(ApplyErrors))]
[JsonSerializable(typeof(CredentialRequest))]
[JsonSerializable(typeof(CredentialAnswer))]
[JsonSerializable(typeof(ConfigRequest))]
[JsonSerializable(typeof(ConfigAnswer))]
[JsonSerializable(typeof(ClientsAnswer))]
[JsonSerializable(typeof(EnableRequest))]
[JsonSerializable(typeof(EnforcementReport))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(ExplainRequest))]
[JsonSerializable(typeof(ExplainAnswer))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(ExportAnswer))]
[JsonSerializable(typeof(ProvisioningKeyInput))]
[JsonSerializable(typeof(ProvisioningKeyMade))]
[JsonSerializable(typeof(SshAuthorityView))]
[JsonSerializable(typeof(SshForgetRequest))]
[JsonSerializable(typeof(SshHostsAnswer))]
[JsonSerializable(typeof(SshKeyRequest))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(IReadOnlyList<PrintedValue>))]
[JsonSerializable(typeof(AuditAnswer))]
[JsonSerializable(typeof(AuditReport))]
internal sealed partial class OperatorJson : JsonSerializerContext
{
    /// <summary>For people and for tools that show it to people: indented, and no escapes that are not needed.</summary>
    public static OperatorJson Readable { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<PeerKind>(), new JsonStringEnumConverter<AgentKind>() },
    });
}
