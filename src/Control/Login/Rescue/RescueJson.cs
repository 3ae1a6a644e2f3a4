using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>What the commands about accounts send over the operator's socket, and what --json prints.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    MaxDepth = 8,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AccountsAnswer))]
[JsonSerializable(typeof(RescueRequest))]
[JsonSerializable(typeof(EmailRequest))]
[JsonSerializable(typeof(RescueAnswer))]
[JsonSerializable(typeof(ProviderRequest))]
[JsonSerializable(typeof(ProvidersAnswer))]
[JsonSerializable(typeof(ProviderName))]
internal sealed partial class RescueJson : JsonSerializerContext;
