using System.Net;
using System.Text;
using Keyhole.Ssh;

namespace Keyhole.Control.Tests;

/// <summary>What those who look after logins by SSH see and do, on the command line and by the interface, and what nobody sees.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SshOperatorTests(PostgresServer postgres)
{
    private const string Mia = ApiServer.Member;

    [Fact]
    [Trait("Promise", "B5")]
    public async Task The_CA_is_shown_rotated_and_retired_and_hosts_are_listed_and_forgotten()
    {
        await using var server = await SshServer.StartAsync();
        using var connector = await server.ConnectorAsync();
        var first = (await server.Api.GetAsync(ApiServer.Admin, "/ssh/authority")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(server.State.Ssh.Authority, first.GetProperty("authority").GetString());
        string old = first.GetProperty("keys")[0].GetProperty("fingerprint").GetString()!;
        Assert.Equal("vm-01", first.GetProperty("keys")[0].GetProperty("trustedBy")[0].GetString());
        (await server.Api.PostAsync(ApiServer.Admin, "/ssh/authority/rotate", """{"newest":"SHA256:other"}""")).Expect(HttpStatusCode.Conflict);
        (await server.Api.SendAsync(ApiServer.Admin, HttpMethod.Post, "/ssh/authority/rotate")).Expect(HttpStatusCode.OK);
        Assert.Contains("vm-01", (await server.Api.DeleteAsync(ApiServer.Admin, $"/ssh/authority/{Uri.EscapeDataString(old)}")).Expect(HttpStatusCode.Conflict).Text, StringComparison.Ordinal);
        await connector.SendAsync(new SshHostMessage(server.Host.Id, [SshServer.HostKey], server.State.Ssh.Trusted));
        await Until(() => server.State.Ssh.FindHost(server.Host.Id)!.Trusted.Count == 2);
        (await server.Api.DeleteAsync(ApiServer.Admin, $"/ssh/authority/{Uri.EscapeDataString(old)}")).Expect(HttpStatusCode.OK);
        Assert.Single(server.State.Ssh.Keys);

        string key = SshServer.NewKey();
        await connector.SendAsync(new SshHostMessage(server.Host.Id, [key], server.State.Ssh.Trusted));
        await Until(() => server.State.Ssh.FindHost(server.Host.Id)!.Error is not null);
        await server.Api.Control.Log.FindAsync("Nobody can log in to vm-01 by SSH, says connector office-1");
        var host = (await server.Api.GetAsync(ApiServer.Admin, "/ssh/hosts")).Expect(HttpStatusCode.OK).Json.GetProperty("items")[0];
        Assert.Contains("forget-host vm-01", host.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(SshPublicKey.Parse(key)!.Fingerprint, host.GetProperty("offeredKeys")[0].GetString());
        Assert.Equal(("office-1", "connector"), (host.GetProperty("connector").GetString(), host.GetProperty("daemon").GetString()));
        (await server.Api.PostAsync(ApiServer.Admin, "/ssh/hosts/vm-01/forget")).Expect(HttpStatusCode.Conflict);
        string print = SshPublicKey.Parse(key)!.Fingerprint;
        (await server.Api.PostAsync(ApiServer.Admin, "/ssh/hosts/vm-01/forget", $$"""{"keys":["{{SshPublicKey.Parse(SshServer.HostKey)!.Fingerprint}}"]}""")).Expect(HttpStatusCode.Conflict);
        (await server.Api.PostAsync(ApiServer.Admin, "/ssh/hosts/vm-01/forget", $$"""{"keys":["{{print}}"]}""")).Expect(HttpStatusCode.NoContent);
        Assert.Equal(print, server.Audit().Single(row => row.Action == "ssh-forget-host").After);
        Assert.Equal([key], server.State.Ssh.FindHost(server.Host.Id)!.HostKeys);
        Assert.Equal(
            ["ssh-forget-host", "ssh-host", "ssh-retire", "ssh-rotate"],
            server.Audit().Select(row => row.Action).Where(action => action.StartsWith("ssh-", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_host_that_shows_something_else_all_the_time_is_heard_ever_more_slowly()
    {
        await using var server = await SshServer.StartAsync();
        using var connector = await server.ConnectorAsync();
        var hub = server.Api.Network.Hub;
        var agent = new Agent(AgentKind.Connector, connector.Id);
        var waits = Enumerable.Range(0, 40).Select(_ => hub.ReserveSsh(agent, server.Host.Id)).ToList();
        Assert.Equal(TimeSpan.Zero, waits[0]);
        Assert.Equal(TimeSpan.Zero, waits[5]);
        Assert.Contains(waits, wait => wait > TimeSpan.Zero);
        Assert.Null(waits[^1]);
        Assert.Equal(TimeSpan.Zero, hub.ReserveSsh(agent, server.Host.Id + 1));

        // Hosts that there are none of leave nothing behind.
        await connector.SendAsync(new SshHostMessage(4711, [SshServer.HostKey], []));
        await connector.SendAsync(new StatusMessage(Draining: true, Flows: 0, []));
        await Until(() => server.Ledger.Compiled.IsDraining(agent));
        Assert.Null(hub.SshContactOf(4711));
    }

    [Fact]
    public async Task The_commands_say_the_same_as_the_interface()
    {
        await using var server = await SshServer.StartAsync();
        using var connector = await server.ConnectorAsync();
        string directory = server.Api.Control.Directory;
        Func<string, bool>? asks = null;
        string authority = await RunAsync(0, "authority");
        Assert.Contains($"{server.State.Ssh.Keys[0].Fingerprint}  since ", authority, StringComparison.Ordinal);
        Assert.Contains("trusted by vm-01", authority, StringComparison.Ordinal);
        Assert.Contains($"{server.State.Ssh.Keys[0].PublicKey} {server.State.Ssh.Authority}", authority, StringComparison.Ordinal);
        Assert.Contains("trusted by no host yet", await RunAsync(0, "rotate"), StringComparison.Ordinal);
        string old = server.State.Ssh.Keys[0].Fingerprint;
        Assert.Contains("these hosts do not trust a newer key yet: vm-01", await RunAsync(1, "retire", old), StringComparison.Ordinal);
        Assert.DoesNotContain(old, await RunAsync(0, "retire", old, "--force"), StringComparison.Ordinal);
        Assert.Contains("\"trusted\": []", await RunAsync(0, "hosts", "--json"), StringComparison.Ordinal);
        Assert.Contains($"key {SshPublicKey.Parse(SshServer.HostKey)!.Fingerprint}", await RunAsync(0, "hosts"), StringComparison.Ordinal);
        Assert.Contains("did you mean \"vm-01\"?", await RunAsync(1, "forget-host", "vm-02"), StringComparison.Ordinal);

        // What was looked at is what is taken, by whom it is looked at.
        string[] keys = [SshServer.NewKey(), SshServer.NewKey(), SshServer.NewKey()];
        string[] prints = [.. keys.Select(key => SshPublicKey.Parse(key)!.Fingerprint)];
        await ShowAsync(keys[0]);
        Assert.Contains("nobody is there to be asked", await RunAsync(1, "forget-host", "vm-01"), StringComparison.Ordinal);
        asks = _ => false;
        string refused = await RunAsync(1, "forget-host", "vm-01.acme.internal");
        Assert.Contains($"known: {SshPublicKey.Parse(SshServer.HostKey)!.Fingerprint}\nshown: {prints[0]}\n", refused, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed.", refused, StringComparison.Ordinal);
        asks = _ => true;
        Assert.Contains("shows now is taken for its own", await RunAsync(0, "forget-host", "vm-01"), StringComparison.Ordinal);
        Assert.Equal([keys[0]], server.State.Ssh.FindHost(server.Host.Id)!.HostKeys);
        asks = null;
        await ShowAsync(keys[1]);
        Assert.Contains($"the host of vm-01 shows {prints[1]}", await RunAsync(1, "forget-host", "vm-01", "--key", prints[0]), StringComparison.Ordinal);
        await RunAsync(0, "forget-host", "vm-01", "--key", prints[1]);
        Assert.Equal([keys[1]], server.State.Ssh.FindHost(server.Host.Id)!.HostKeys);
        await ShowAsync(keys[2]);
        await RunAsync(0, "forget-host", "vm-01", "--yes");
        Assert.Contains("shows next is taken for its own", await RunAsync(0, "forget-host", "vm-01", "--yes"), StringComparison.Ordinal);
        Assert.Empty(server.State.Ssh.FindHost(server.Host.Id)!.HostKeys);

        async Task ShowAsync(string key)
        {
            await connector.SendAsync(new SshHostMessage(server.Host.Id, [key], server.State.Ssh.Trusted));
            await Until(() => server.State.Ssh.FindHost(server.Host.Id)!.Offer?.HostKeys.Contains(key) == true);
        }

        async Task<string> RunAsync(int code, params string[] arguments)
        {
            using var output = new StringWriter();
            var terminal = new Terminal(output, output, TextReader.Null, asks);
            Assert.Equal(code, await Commands.Create(terminal).Parse(["ssh", .. arguments, "--data", directory]).InvokeAsync());
            return output.ToString();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Threat", "32")]
    public async Task The_private_key_of_the_CA_is_in_no_row_no_log_and_no_answer_and_outlives_a_restart_and_a_restore(bool shared)
    {
        string? database = shared ? await postgres.CreateAsync() : null;
        await using var server = await SshServer.StartAsync(database: database);
        using var connector = await server.ConnectorAsync();
        var key = Assert.Single(server.State.Ssh.Keys);
        var store = server.Api.Control.Server.Networks.Store;
        byte[] seed = store.Secrets.Open(key.SealedPrivateKey, $"SSH authority {server.State.Ssh.Authority}: {key.PublicKey}");
        Assert.Throws<OperatorException>(() => store.Secrets.Open(key.SealedPrivateKey, $"SSH authority {new string('0', 32)}: {key.PublicKey}"));
        string[] secrets = [Convert.ToBase64String(seed), Convert.ToHexString(seed), Convert.ToBase64String(seed).TrimEnd('=')];
        Assert.Equal(32, seed.Length);
        string file = Path.Combine(server.Api.Control.Directory, "x.backup");
        using (var stream = File.Create(file))
        {
            store.Database.ReadSnapshot(connection =>
            {
                BackupWriter.Write(stream, store.Database, connection, null, Samples.Now);
                return true;
            });
        }

        using (var reader = new StreamReader(new System.IO.Compression.GZipStream(File.OpenRead(file), System.IO.Compression.CompressionMode.Decompress), Encoding.UTF8))
        {
            string rows = await reader.ReadToEndAsync();
            Assert.Contains("\"table\":\"ssh_authority_key\"", rows, StringComparison.Ordinal);
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, rows, StringComparison.OrdinalIgnoreCase));
        }

        foreach (string path in new[] { "/ssh/authority", "/ssh/hosts", "/audit", "/network" })
        {
            string text = (await server.Api.GetAsync(ApiServer.Owner, path)).Expect(HttpStatusCode.OK).Text;
            Assert.All([.. secrets, key.SealedPrivateKey], secret => Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase));
        }

        Assert.All(secrets, secret => Assert.DoesNotContain(server.Api.Control.Log.Lines, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase)));
        var again = DataDirectory.Create(RunningControl.NewDirectory());
        File.Copy(Path.Combine(server.Api.Control.Directory, "control.key"), again.KeyFile);
        Restoring.Run(file, again, null, TimeProvider.System);
        using (var restored = NetworkStore.Open(again, TimeProvider.System))
            Assert.Equal(
                (server.State.Ssh.Authority, server.State.Ssh.Keys[0]), restored.Load(server.Api.Network.Id) is { State.Ssh: var ssh } ? (ssh.Authority, Assert.Single(ssh.Keys)) : default);
        Directory.Delete(again.Path, recursive: true);
    }

    [Fact]
    [Trait("Promise", "B1")]
    public async Task Two_organisations_have_two_CAs_and_nothing_of_one_is_signed_in_the_other()
    {
        await using var server = await SshServer.StartAsync();
        using var connector = await server.ConnectorAsync();
        server.Grant(Mia);
        await server.LogInAsync(Mia);
        (await server.Api.SendAsync(ApiServer.Root, HttpMethod.Post, "/api/v1/orgs", """{"name":"globex"}""")).Expect(HttpStatusCode.Created);
        var other = server.Api.Control.Server.Networks.Find("globex")!;
        other.Ledger.Change(state => other.Ssh.Rotate(state), (_, _) => new AuditEntry(Actor.Operator, "ssh-rotate", "ssh authority"));
        Assert.NotEqual(server.State.Ssh.Authority, other.Ledger.State.Ssh.Authority);
        Assert.NotEqual(server.State.Ssh.Keys[0].PublicKey, other.Ledger.State.Ssh.Keys[0].PublicKey);
        (await server.Api.SendWithTokenAsync(server.SessionOf(Mia), HttpMethod.Post, "/api/v1/orgs/globex/ssh/sign", $$"""{"target":"vm-01","publicKey":"{{SshServer.NewKey()}}"}""")).Expect(HttpStatusCode.NotFound);
        var signing = server.SignAsync(Mia, SshServer.NewKey());
        var order = await SshServer.OrderAsync(connector);
        await connector.SendAsync(new SshProvisionedMessage(order.Request, server.AccountOf(order)));
        var certificate = SshCertificate.Parse((await signing).Expect(HttpStatusCode.OK).Json.GetProperty("certificate").GetString()!)!;
        Assert.False(certificate.Verify(SshPublicKey.Parse(other.Ledger.State.Ssh.Keys[0].PublicKey)!));
    }

    [Fact]
    public async Task A_connector_of_another_server_makes_the_account_and_what_is_too_long_says_so()
    {
        string database = await postgres.CreateAsync();
        await using var server = await SshServer.StartAsync(database: database);
        server.Grant(Mia);
        await server.LogInAsync(Mia);
        await using var second = await server.Api.StartSecondAsync(database);
        await Until(() => second.Control.Server.Networks.All.Count == 1);
        using var connector = await server.ConnectorAsync(at: second.Control);
        await Until(() => server.Api.Network.Hub.IsConnected(new Agent(AgentKind.Connector, connector.Id)) && server.State.Ssh.FindHost(server.Host.Id) is { Trusted.Count: 1 });
        var serving = server.ServeAsync(connector);
        (await server.SignAsync(Mia, SshServer.NewKey())).Expect(HttpStatusCode.OK);
        (await server.SignAsync(Mia, SshServer.NewKey(), at: second)).Expect(HttpStatusCode.OK);
        Assert.Equal(2, server.Audit().Count(row => row.Action == "ssh-sign"));
        void Set(Func<SshSettings, SshSettings> change) => server.Change(state => state with
        {
            Resources = state.Resources.Select(resource => resource.Name != "vm-01" ? resource : resource with { Ssh = change(resource.Ssh!) }).ToValueList(),
        });
        // What accounts may do goes by the table.
        Set(ssh => ssh with { Sudo = SshSudoMode.Commands, SudoCommands = Enumerable.Range(0, 8).Select(i => $"/bin/{i}{new string('x', 1000)}").ToValueList() });
        (await server.SignAsync(Mia, SshServer.NewKey())).Expect(HttpStatusCode.OK);
        Set(ssh => ssh with { Home = $"/{new string('x', 8000)}" });
        Assert.Contains("too long to be passed on", (await server.SignAsync(Mia, SshServer.NewKey())).Expect(HttpStatusCode.BadGateway).Text, StringComparison.Ordinal);
        await Until(() => second.Network.Ledger.State.Revision == server.State.Revision);
        (await server.SignAsync(Mia, SshServer.NewKey(), at: second)).Expect(HttpStatusCode.OK);
        connector.Dispose();
        await Task.WhenAny(serving);
    }

    private static async Task Until(Func<bool> condition)
    {
        for (int i = 0; i < 1500 && !condition(); i++)
            await Task.Delay(10);
        Assert.True(condition());
    }
}
