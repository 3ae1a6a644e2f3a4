using System.Net;

namespace Keyhole.Control.Tests;

public class SshSettingsTests
{
    private static readonly string Pin = Convert.ToBase64String(new byte[32]);

    [Fact]
    [Trait("Promise", "B9")]
    public void Settings_of_a_file_are_read_written_and_planned_as_they_are_meant()
    {
        var all = Read($"{{ daemon: external, port: 2222, pin: \"{Pin}\", sudo: [\"/usr/bin/systemctl restart web\", /usr/bin/id], groups: [docker], shell: /bin/zsh, home: /srv/home }}");
        Assert.Equal(
            new SshSettings
            {
                External = true,
                Port = 2222,
                Pin = Pin,
                Sudo = SshSudoMode.Commands,
                SudoCommands = ["/usr/bin/systemctl restart web", "/usr/bin/id"],
                Groups = ["docker"],
                Shell = "/bin/zsh",
                Home = "/srv/home",
            },
            all);
        Assert.Equal(SshSettings.Default, Read("true"));
        Assert.Equal(SshSettings.Default, Read("{ daemon: connector, sudo: none, groups: [] }"));
        Assert.Equal(SshSettings.Default with { Sudo = SshSudoMode.Full }, Read("{ sudo: full }"));
        Assert.Null(Read("false"));
        var before = Samples.Apply(NetworkState.Empty, File("false"));
        var after = Samples.Apply(before, File("{ sudo: full }"));
        Assert.Equal(["ssh: none → { sudo: full }"], Assert.Single(Planner.Compare(before, after).Changes).Details);
        Assert.Contains("    ssh: { sudo: full }\n", DescriptionWriter.Write(after), StringComparison.Ordinal);
        Assert.DoesNotContain("ssh", DescriptionWriter.Write(before), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Threat", "35")]
    [InlineData("yes", "a group of keys is needed")]
    [InlineData("{ demon: external }", "unknown key; did you mean \"daemon\"?")]
    [InlineData("{ daemon: newt }", "no daemon is of this kind")]
    [InlineData("{ port: 22123 }", "only an external daemon has a port")]
    [InlineData("{ pin: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" }", "only an external daemon has a pin")]
    [InlineData("{ daemon: external, port: 0 }", "this is no port")]
    [InlineData("{ daemon: external, port: 65536 }", "this is no port")]
    [InlineData("{ daemon: external, pin: abc }", "this is no SHA-256 in base64")]
    [InlineData("{ sudo: all }", "this is no right")]
    [InlineData("{ sudo: [] }", "the list is empty")]
    [InlineData("{ sudo: [systemctl] }", "this command has no path from the root")]
    [InlineData("{ sudo: [\"ALL\"] }", "this command has no path from the root")]
    [InlineData("{ sudo: [\"/bin/id\\nada ALL=(ALL) ALL\"] }", "this command holds a line break or another control character")]
    [InlineData("{ sudo: [/bin/id, /bin/id] }", "this is in the list twice")]
    [InlineData("{ groups: [\"-g\"] }", "this is no name of a group")]
    [InlineData("{ groups: [\"a,root\"] }", "this is no name of a group")]
    [InlineData("{ groups: [\"a\\nb\"] }", "this is no name of a group")]
    [InlineData("{ shell: bash }", "this is no path from the root")]
    [InlineData("{ shell: \"/bin/sh -c x\" }", "this is no path from the root")]
    [InlineData("{ home: /srv/../etc }", "this is no path from the root")]
    public void What_cannot_be_meant_is_refused_with_its_place(string ssh, string problem)
    {
        Assert.Null(DescriptionReader.Read(File(ssh), NetworkState.Empty, out var found));
        var finding = Assert.Single(found);
        Assert.Contains(problem, finding.ToText("n"), StringComparison.Ordinal);
        Assert.StartsWith("resources[0].ssh", finding.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.168.1.0/24", "vm-01.acme.internal", "192.168.1.0/24 is a network")]
    [InlineData("192.168.1.5", "*.acme.internal", "the alias *.acme.internal stands for many names")]
    public void People_log_in_to_one_host(string destination, string alias, string problem)
    {
        string text = $"version: 1\norg: acme\nsites: [{{ name: office }}]\nresources: [{{ name: x, site: office, destination: {destination}, alias: \"{alias}\", tcp: \"22\", ssh: true }}]\n";
        Assert.Null(DescriptionReader.Read(text, NetworkState.Empty, out var found));
        Assert.Contains(problem, Assert.Single(found).ToText("n"), StringComparison.Ordinal);
        Assert.NotNull(DescriptionReader.Read(text.Replace("ssh: true", "ssh: false", StringComparison.Ordinal), NetworkState.Empty, out _));
    }

    [Fact]
    public async Task The_interface_takes_gives_changes_and_takes_away_the_settings()
    {
        await using var server = await ApiServer.StartAsync();
        (await server.PostAsync(ApiServer.Owner, "/resources", """{ "name": "vm-01", "site": "office", "destination": "192.168.1.5", "tcp": "22", "ssh": { "sudo": ["/usr/bin/id"], "groups": ["docker"] } }""")).Expect(HttpStatusCode.Created);
        string made = await ReadAsync(server);
        Assert.Equal("""{"daemon":"connector","port":null,"pin":null,"sudo":["/usr/bin/id"],"groups":["docker"],"shell":null,"home":null}""", made);
        await ChangeAsync(server, """{ "icmp": true }""");
        Assert.Equal(made, await ReadAsync(server));
        await ChangeAsync(server, """{ "ssh": { "daemon": "external" } }""");
        Assert.Contains("\"port\":22123", await ReadAsync(server), StringComparison.Ordinal);
        Assert.Contains("this is no right", (await ChangeAsync(server, """{ "ssh": { "sudo": "all" } }""", HttpStatusCode.UnprocessableEntity)).Error("ssh.sudo"), StringComparison.Ordinal);
        Assert.Contains("did you mean \"shell\"?", (await ChangeAsync(server, """{ "ssh": { "shel": "/bin/sh" } }""", HttpStatusCode.UnprocessableEntity)).Error("ssh"), StringComparison.Ordinal);
        await ChangeAsync(server, """{ "ssh": null }""");
        Assert.Equal("null", await ReadAsync(server));
    }

    private static async Task<string> ReadAsync(ApiServer server) =>
        (await server.GetAsync(ApiServer.Owner, "/resources/vm-01")).Expect(HttpStatusCode.OK).Json.GetProperty("ssh").GetRawText();

    private static async Task<ApiAnswer> ChangeAsync(ApiServer server, string patch, HttpStatusCode status = HttpStatusCode.OK) =>
        (await server.PatchAsync(ApiServer.Owner, "/resources/vm-01", patch)).Expect(status);

    private static string File(string ssh) =>
        $"version: 1\norg: acme\nsites: [{{ name: office }}]\nresources:\n  - {{ name: vm-01, site: office, destination: 192.168.1.5, tcp: \"22\", ssh: {ssh} }}\n";

    private static SshSettings? Read(string ssh)
    {
        var state = Samples.Apply(NetworkState.Empty, File(ssh));
        Assert.Equal(state, Samples.Apply(state, DescriptionWriter.Write(state)));
        return state.Resources[0].Ssh;
    }
}
