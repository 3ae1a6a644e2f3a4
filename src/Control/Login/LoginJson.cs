using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>What is sealed into cookies and forms, and lists inside columns.</summary>
[JsonSerializable(typeof(OpenIdLogin))]
[JsonSerializable(typeof(LoginTicket))]
[JsonSerializable(typeof(PasskeyTicket))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class LoginJson : JsonSerializerContext;
