using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Keyhole.Control.Tests;

/// <summary>What editors are told about network files is what the reader takes.</summary>
public partial class NetworkSchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(NetworkSchema.Document)!.AsObject();

    [GeneratedRegex("^```yaml\n(version: 1\n.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex NetworkFile();

    private static IReadOnlyList<string> Check(string text)
    {
        var findings = new Findings();
        var node = NodeReader.Read(text, findings);
        Assert.False(findings.Any);
        return SchemaValidator.Check(SchemaValidator.ToJson(node!), Schema);
    }

    [Fact]
    public void Sample_files_files_in_the_documents_and_exported_files_fit()
    {
        Assert.Empty(Check(Samples.Acme));
        string root = Root();
        var documented = NetworkFile().Matches(File.ReadAllText(Path.Combine(root, "docs", "operations.md"))).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(documented);
        Assert.All(documented, text => Assert.Empty(Check(text)));
        int seed = Keyhole.Tests.TestSeed.Next();
        var files = new RandomNetwork(seed);
        var state = NetworkState.Empty;
        for (int i = 0; i < 50; i++)
        {
            string text = files.Next();
            Assert.Empty(Check(text));
            if (DescriptionReader.Read(text, state, out _) is null)
                continue;
            state = Samples.Apply(state, text);
            string exported = DescriptionWriter.Write(state);
            Assert.True(Check(exported).Count == 0, $"seed {seed}: {string.Join("; ", Check(exported))} in\n{exported}");
        }
    }

    [Theory]
    [InlineData("role: [staff]", ".role: unknown")]
    [InlineData("relays: [{ name: vps }]", ".relays")]
    [InlineData("relays: [{ name: vps, endpoint: [] }]", ".relays")]
    [InlineData("machines: [{ nam: ci }]", ".machines")]
    [InlineData("resources: [{ name: web, site: office, destination: 192.0.2.1, icmp: \"yes\" }]", ".resources")]
    [InlineData("resources: [{ name: \"x y\", site: office, destination: 192.0.2.1 }]", ".resources")]
    [InlineData("roles: [{ name: x, permissions: [\"sites:raed\"] }]", ".roles")]
    [InlineData("external-clients: [{ name: x, public-key: short }]", ".external-clients")]
    public void What_the_reader_refuses_by_its_form_does_not_fit(string line, string place)
    {
        string text = $"version: 1\norg: acme\n{line}\n";
        Assert.Null(DescriptionReader.Read(text, NetworkState.Empty, out _));
        Assert.Contains(Check(text), wrong => wrong.StartsWith(place, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "zzzzzzzzzzzzzzzz: 1")]
    [InlineData("relays", "relays: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("sites", "sites: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("resources", "resources: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("roles", "roles: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("users", "users: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("machines", "machines: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("external-clients", "external-clients: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    [InlineData("grants", "grants: [{ zzzzzzzzzzzzzzzz: 1 }]")]
    public void It_knows_the_keys_that_the_reader_knows(string section, string line)
    {
        DescriptionReader.Read($"version: 1\norg: acme\n{line}\n", NetworkState.Empty, out var found);
        string fix = Assert.Single(found, finding => finding.Problem == "unknown key").Fix;
        var read = fix["the keys here are ".Length..].Split(", ").Order();
        Assert.Equal(read, KeysOf(section.Length == 0 ? Schema : Schema["properties"]![section]!.AsObject()).Order());
    }

    [Fact]
    public async Task The_command_prints_it()
    {
        var run = await ControlProcess.RunAsync("schema");
        Assert.Equal((0, NetworkSchema.Document), (run.ExitCode, run.Output));
    }

    /// <summary>The keys of the group that is meant, behind null, list and name.</summary>
    private static IEnumerable<string> KeysOf(JsonObject schema) =>
        schema["properties"] is JsonObject properties ? properties.Select(property => property.Key)
        : schema["items"] is JsonObject items ? KeysOf(items)
        : (schema["anyOf"]?.AsArray() ?? []).SelectMany(form => KeysOf(form!.AsObject()));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Relay.sln")))
            folder = folder.Parent;
        return folder.FullName;
    }
}
