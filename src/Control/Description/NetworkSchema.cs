using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyhole.Control;

/// <summary>
/// A JSON Schema (draft 2020-12) of network files, for editors: keys, kinds of values, and forms that show in the text alone.
/// What needs the whole file, such as names that must be defined, only <see cref="DescriptionReader"/> checks.
/// </summary>
internal static class NetworkSchema
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Document { get; } = Make().ToJsonString(Readable) + "\n";

    private static JsonObject Make()
    {
        var schema = Group("A network of Keyhole: apply it with keyhole-control apply -f.", ["version", "org"],
            ("version", new JsonObject { ["const"] = 1, ["description"] = "The version of this format." }),
            ("org", Name("The organisation that the file describes.")),
            ("relays", List("The relays.", Group("A relay.", ["name", "endpoint"],
                ("name", Name("Its name.")),
                ("endpoint", OneOrMore(String("Where clients and connectors reach it: 203.0.113.10:21820."))),
                ("tls-endpoint", OneOrMore(String("Where agents reach it whose network blocks UDP: relay.example.com:443."))),
                ("gateway", Flag("Whether stock WireGuard apps enter here.")),
                ("dns-forward", OneOrMore(String("DNS servers that are asked for names which a stock app was not granted: 192.0.2.53.")))))),
            ("sites", List("The private networks.", Group("A site.", ["name"],
                ("name", Name("Its name.")),
                ("connectors", List("Its connectors.", NamedKey("A connector: its name; with public-key where a stock WireGuard node stands in for it.")))))),
            ("resources", List("What can be reached.", Group("A resource.", ["name", "site", "destination"],
                ("name", Name("Its name.")),
                ("site", Name("The site that it is on.")),
                ("destination", String("An address, a CIDR prefix, or a name that the connector resolves.")),
                ("alias", String(HostSyntax.AliasFix)),
                ("tcp", Ports("TCP ports")),
                ("udp", Ports("UDP ports")),
                ("icmp", Flag("Whether it can be pinged.")),
                ("ssh", Any(Flag("Whether people log in by SSH."), Group("How people log in by SSH.", [],
                    ("daemon", Choice("Where the auth daemon runs: in the connector, which is on the host itself, or on the host on its own.", "connector", "external")),
                    ("port", new JsonObject { ["type"] = "integer", ["description"] = "The TCP port of an external daemon." }),
                    ("pin", new JsonObject { ["type"] = "string", ["description"] = "The pin of an external daemon, as it prints it.", ["pattern"] = "^[A-Za-z0-9+/]{43}=$" }),
                    ("sudo", Any(Choice("What the accounts may do as root.", "none", "full"), new JsonObject { ["type"] = "array", ["items"] = String("A command with its path from the root."), ["minItems"] = 1 })),
                    ("groups", List("Groups on the host that the accounts join.", String("A group."))),
                    ("shell", String("The shell of the accounts: /bin/bash.")),
                    ("home", String("The directory of their home directories: /home.")))))))),
            ("roles", List("Roles beside owner, admin and member.", Any(Name("A role that is only for grants."), Group("A role.", ["name"],
                ("name", Name("Its name.")),
                ("permissions", List("What those who have it may do.", new JsonObject { ["enum"] = new JsonArray([.. Permissions.All.Select(permission => JsonValue.Create(permission))]) })))))),
            ("users", List("The people.", Group("A user.", ["email"],
                ("email", new JsonObject { ["type"] = "string", ["format"] = "email" }),
                ("roles", List("By name.", Name("A role.")))))),
            ("machines", List("Clients without a person.", NamedKey("A machine: its name; with public-key where a stock WireGuard node stands in for it."))),
            ("external-clients", List("Stock WireGuard apps.", Group("An external client.", ["name"],
                ("name", Name("Its name.")),
                ("public-key", PublicKey("The device's own; left out, a key is made for it and shown once.")),
                ("address", OneOrMore(String("Its address in the overlay; chosen where it is left out."))),
                ("dns", OneOrMore(String("The address of a DNS server."))),
                ("expires", String("A day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z.")),
                ("sealed", Flag("It has sessions with connectors, which the relay cannot read."))))),
            ("grants", List("Who gets what. Nobody gets anything else.", Group("A grant.", ["resource"],
                ("resource", Name("What is granted.")),
                ("roles", List("By name.", Name("A role."))),
                ("users", List("By e-mail address.", String("A user."))),
                ("machines", List("By name.", Name("A machine."))),
                ("external-clients", List("By name.", Name("An external client.")))))));
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        return schema;
    }

    /// <summary>A key that stands there with nothing behind it is left out: null is everywhere allowed where no value is required.</summary>
    private static JsonObject Group(string description, string[] required, params (string Key, JsonObject Value)[] keys) => new()
    {
        ["type"] = "object",
        ["description"] = description,
        ["required"] = new JsonArray([.. required.Select(key => JsonValue.Create(key))]),
        ["properties"] = new JsonObject(keys.Select(key => KeyValuePair.Create(key.Key, (JsonNode?)(required.Contains(key.Key) ? key.Value : Any(key.Value, new JsonObject { ["type"] = "null" }))))),
        ["additionalProperties"] = false,
    };

    private static JsonObject List(string description, JsonObject items) => new() { ["type"] = "array", ["description"] = description, ["items"] = items };

    private static JsonObject Any(params JsonObject[] forms) => new() { ["anyOf"] = new JsonArray([.. forms]) };

    private static JsonObject OneOrMore(JsonObject one) => Any(one, new JsonObject { ["type"] = "array", ["items"] = one.DeepClone(), ["minItems"] = 1 });

    private static JsonObject NamedKey(string description) => Any(Name(description), Group(description, ["name"], ("name", Name("Its name.")), ("public-key", PublicKey("As \"wg pubkey\" prints it."))));

    private static JsonObject Name(string description) => new() { ["type"] = new JsonArray("string", "integer"), ["description"] = description, ["pattern"] = Names.PatternText };

    private static JsonObject PublicKey(string description) => new() { ["type"] = "string", ["description"] = description, ["pattern"] = "^[A-Za-z0-9+/]{43}=$" };

    private static JsonObject Ports(string what) => new() { ["type"] = new JsonArray("string", "integer"), ["description"] = $"{what}: \"\" none, \"*\" all, or like \"22,80,8000-8100\".", ["pattern"] = @"^[0-9*,\s-]*$" };

    private static JsonObject Choice(string description, params string[] words) => new() { ["enum"] = new JsonArray([.. words.Select(word => JsonValue.Create(word))]), ["description"] = description };

    private static JsonObject Flag(string description) => new() { ["type"] = "boolean", ["description"] = description };

    private static JsonObject String(string description) => new() { ["type"] = "string", ["description"] = description };
}
