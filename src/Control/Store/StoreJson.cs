using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>Lists inside columns.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class StoreJson : JsonSerializerContext;
