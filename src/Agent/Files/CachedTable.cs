using System.Text.Json;
using System.Text.Json.Serialization;
using Keyhole.Contracts;

namespace Keyhole.Agent;

/// <summary>The last table that Control gave, and which row of it is this agent's own.</summary>
/// <param name="Id">The credential's ID: a table of another identity is not used.</param>
public sealed record CachedTable(string Id, int Agent, Table Table);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    MaxDepth = 16,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CachedTable))]
internal sealed partial class CachedTableJson : JsonSerializerContext;
