using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Keyhole.Ssh;

namespace Keyhole.Control.Tests;

/// <summary>One login after the other, against a server with real sockets and a connector as the wire sees it.</summary>
public class SshSignTests
{
    private const string Mia = ApiServer.Member;

    private static async Task<SshServer> ReadyAsync(string settings = "{}")
    {
        var server = await SshServer.StartAsync(settings);
        server.Grant(Mia);
        await server.LogInAsync(Mia);
        return server;
    }

    [Fact]
    [Trait("Promise", "B1")]
    [Trait("Promise", "B4")]
    [Trait("Promise", "B18")]
    public async Task A_certificate_opens_one_account_of_one_host_for_five_minutes_and_is_written_down_once()
    {
        await using var server = await ReadyAsync("""{"sudo":["/usr/bin/id"],"groups":["docker"],"shell":"/bin/zsh","home":"/srv/home"}""");
        using var connector = await server.ConnectorAsync();
        string key = SshServer.NewKey();
        var signing = server.SignAsync(Mia, key, "VM-01.acme.internal");
        var order = await SshServer.OrderAsync(connector);
        var user = server.State.FindUser(Mia)!;
        Assert.Equal((server.Host.Id, user.Id, "mia", Mia, "/bin/zsh", "/srv/home"), (order.Resource, order.Order.User, order.Order.Name, order.Order.Identity, order.Order.Shell, order.Order.Home));
        Assert.Null(order.Order.PasswordKey);
        string principal = $"keyhole:{server.State.Ssh.Authority}:{server.Host.Id}:{SshServer.Token}:mia2";
        await connector.SendAsync(new SshProvisionedMessage(order.Request, new SshAccount("mia2", principal)));
        var answer = (await signing).Expect(HttpStatusCode.OK).Json;
        var certificate = SshCertificate.Parse(answer.GetProperty("certificate").GetString()!)!;
        var authority = SshPublicKey.Parse(Assert.Single(server.State.Ssh.Keys).PublicKey)!;
        Assert.True(certificate.Verify(authority));
        Assert.Equal(key, certificate.Key.ToString());
        Assert.Equal((SshCertificateType.User, principal), (certificate.Type, Assert.Single(certificate.Principals)));
        Assert.Equal($"user={Mia} device=laptop resource=vm-01 org=acme", certificate.KeyId);
        Assert.Equal(["permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"], certificate.Extensions);
        Assert.Empty(certificate.CriticalOptions);
        Assert.Equal(TimeSpan.FromMinutes(6), certificate.ValidBefore - certificate.ValidAfter);
        Assert.InRange(certificate.ValidBefore - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.Equal(certificate.ValidBefore, answer.GetProperty("validUntil").GetDateTimeOffset());
        Assert.Equal((long)certificate.Serial, answer.GetProperty("serial").GetInt64());
        Assert.Equal(
            ("mia2", "vm-01", "vm-01.acme.internal", "192.168.1.5", $"keyhole-{server.State.Ssh.Authority![..8]}-{server.Host.Id}-1"),
            (Text("username"), Text("resource"), Text("alias"), Text("destination"), Text("hostKeyAlias")));
        Assert.Equal([authority.ToString()], answer.GetProperty("hostAuthorities").EnumerateArray().Select(item => item.GetString()));

        var row = Assert.Single(server.Audit(), row => row.Action == "ssh-sign");
        Assert.Equal(($"user {Mia}", "resource vm-01", "127.0.0.1"), (row.Actor, row.Subject, row.Address));
        foreach (string part in new[] { $"serial {certificate.Serial}", certificate.KeyId, principal, certificate.Key.Fingerprint, "connector office-1", "password no" })
            Assert.Contains(part, row.After, StringComparison.Ordinal);
        var ordered = Assert.Single(server.Audit(), entry => entry.Action == "ssh-order");
        Assert.Equal("account mia; user mia@example.com; device laptop; connector office-1; password no", ordered.After);
        Assert.True(ordered.Number < row.Number);
        Assert.Single(server.Audit(), entry => entry.Action == "ssh-account" && entry.After == "mia");

        string? Text(string name) => answer.GetProperty(name).GetString();
    }

    [Fact]
    [Trait("Promise", "B3")]
    [Trait("Promise", "B10")]
    [Trait("Threat", "34")]
    public async Task Grant_resource_port_device_and_host_are_each_needed_and_each_says_what_to_do()
    {
        await using var server = await SshServer.StartAsync();
        string key = SshServer.NewKey();
        server.Grant(Mia);
        string browser = server.Api.Sessions.Begin(Mia);
        Assert.Contains("run \"keyhole login\"", await RefusedAsync(HttpStatusCode.Forbidden, browser), StringComparison.Ordinal);
        await server.LogInAsync(Mia);
        await server.LogInAsync(ApiServer.Admin, "desk");
        string mia = server.SessionOf(Mia);
        Assert.Contains("no connector that reaches vm-01 is connected", await RefusedAsync(HttpStatusCode.ServiceUnavailable, mia), StringComparison.OrdinalIgnoreCase);
        var connector = await server.Api.Control.AgentAsync(AgentKind.Connector, "office-1");
        Assert.Contains("The auth daemon of vm-01 has not been met yet", await RefusedAsync(HttpStatusCode.ServiceUnavailable, mia), StringComparison.Ordinal);
        await connector.SendAsync(new SshHostMessage(server.Host.Id, [], [], null, "useradd is missing:\u001b[31m install passwd"));
        await Until(() => server.State.Ssh.FindHost(server.Host.Id)?.Error is not null);
        Assert.Contains("useradd is missing: [31m install passwd", await RefusedAsync(HttpStatusCode.ServiceUnavailable, mia), StringComparison.Ordinal);
        await connector.SendAsync(new SshHostMessage(server.Host.Id, [SshServer.HostKey], []));
        await Until(() => server.State.Ssh.FindHost(server.Host.Id)?.Error is null);
        Assert.Contains("trusts no key of the organisation's CA yet", await RefusedAsync(HttpStatusCode.ServiceUnavailable, mia), StringComparison.Ordinal);
        await server.ShowAsync(connector);
        await Until(() => server.State.Ssh.FindHost(server.Host.Id)!.Trusted.Count == 1);
        var serving = server.ServeAsync(connector);
        (await SignAsync(mia)).Expect(HttpStatusCode.OK);

        Assert.Contains("vm-01 is not granted to you: ask an administrator to grant vm-01 to adam@example.com", await RefusedAsync(HttpStatusCode.Forbidden, server.SessionOf(ApiServer.Admin)), StringComparison.Ordinal);
        Assert.Contains("No resource that is called vm-02 is granted to you: did you mean vm-01", await RefusedAsync(HttpStatusCode.NotFound, mia, "vm-02"), StringComparison.Ordinal);
        Assert.Contains("web is not set up for SSH", await RefusedAsync(HttpStatusCode.Conflict, server.SessionOf(ApiServer.Admin), "web"), StringComparison.Ordinal);
        server.Change(state => With(state, resource => resource with { Tcp = [new(80, 80)] }));
        Assert.Contains("vm-01 does not let TCP 22 through", await RefusedAsync(HttpStatusCode.Forbidden, mia), StringComparison.Ordinal);
        server.Change(state => With(state, resource => resource with { Tcp = [new(1, 65535)] }));
        (await SignAsync(mia)).Expect(HttpStatusCode.OK);
        foreach (var (to, words) in new[] { (DeviceState.Pending, "The device laptop waits for approval"), (DeviceState.Blocked, "The device laptop is blocked"), (DeviceState.Archived, "This login session is of no device") })
        {
            server.Change(state => DeviceTransitions.Set(state, state.FindPeer(PeerKind.Device, "laptop")!, to));
            Assert.Contains(words, await RefusedAsync(HttpStatusCode.Forbidden, mia), StringComparison.Ordinal);
        }

        string machine = await TestCaller.KeyAsync(server.Api, ApiServer.Owner, "acme", "all", Permissions.All);
        Assert.Contains("SSH needs a person", await RefusedAsync(HttpStatusCode.Forbidden, machine), StringComparison.Ordinal);
        server.Api.Sessions.End(mia);
        await RefusedAsync(HttpStatusCode.Unauthorized, mia);
        Assert.Equal(2, server.Audit().Count(row => row.Action == "ssh-sign"));
        connector.Dispose();
        await Task.WhenAny(serving);

        Task<ApiAnswer> SignAsync(string token, string target = "vm-01") => server.Api.SendWithTokenAsync(token, HttpMethod.Post, "/ssh/sign", JsonSerializer.Serialize(new { target, publicKey = key }));
        async Task<string> RefusedAsync(HttpStatusCode status, string token, string target = "vm-01") => (await SignAsync(token, target)).Expect(status).Json.GetProperty("detail").GetString()!;
    }

    [Theory]
    [Trait("Threat", "34")]
    [InlineData("", "publicKey")]
    [InlineData("ssh-ed25519 AAAA", "publicKey")]
    [InlineData("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDB", "publicKey")]
    [InlineData("ssh-dss AAAAB3NzaC1kc3M=", "publicKey")]
    [InlineData(null, "passwordKey")]
    public async Task What_is_no_temporary_key_is_not_signed(string? key, string member)
    {
        await using var server = await ReadyAsync();
        var answer = await server.SignAsync(Mia, key ?? SshServer.NewKey(), passwordKey: key is null ? "short" : null);
        Assert.Contains("this is no", answer.Expect(HttpStatusCode.UnprocessableEntity).Error(member), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "B8")]
    [Trait("Threat", "33")]
    public async Task Errors_of_the_host_reach_the_user_and_answers_of_other_hosts_are_refused()
    {
        await using var server = await ReadyAsync();
        using var connector = await server.ConnectorAsync();
        string authority = server.State.Ssh.Authority!;
        int id = server.Host.Id;
        Assert.Contains("502 The group docker does not exist on vm-01: make it.", await AnswerAsync(new SshProvisionedMessage(0, null, "The group docker does not exist\u0007 on vm-01: make it.")), StringComparison.Ordinal);
        foreach (var (name, principal) in new[]
        {
            ("mia", $"keyhole:{authority}:{id + 1}:{SshServer.Token}:mia"), ("mia", $"keyhole:{new string('0', 32)}:{id}:{SshServer.Token}:mia"), ("mia", $"keyhole:{authority}:{id}:{SshServer.Token}:root"),
            ("mia", $"keyhole:{authority}:{id}:short:mia"), ("mia", $"{SshServer.Token}"), ("mia", $"keyhole:{authority}:{id}:{SshServer.Token}:mia,root"), ("-oProxyCommand=x", $"keyhole:{authority}:{id}:{SshServer.Token}:-oProxyCommand=x"),
        })
            Assert.Contains("answered with an account that is not of this host", await AnswerAsync(new SshProvisionedMessage(0, new SshAccount(name, principal))), StringComparison.Ordinal);
        Assert.Contains("answered with an account that is not of this host", await AnswerAsync(new SshProvisionedMessage(0, new SshAccount("mia", $"keyhole:{authority}:{id}:{SshServer.Token}:mia", "unasked"))), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Audit(), row => row.Action == "ssh-sign");

        async Task<string> AnswerAsync(SshProvisionedMessage message)
        {
            var signing = server.SignAsync(Mia, SshServer.NewKey());
            await connector.SendAsync(message with { Request = (await SshServer.OrderAsync(connector)).Request });
            var answer = await signing;
            return $"{(int)answer.Status} {answer.Json.GetProperty("detail").GetString()!.Replace("exist  on", "exist on", StringComparison.Ordinal)}";
        }
    }

    [Fact]
    [Trait("Promise", "B3")]
    public async Task What_changes_while_the_account_is_made_counts()
    {
        await using var server = await ReadyAsync();
        using var connector = await server.ConnectorAsync();
        var signing = server.SignAsync(Mia, SshServer.NewKey());
        var order = await SshServer.OrderAsync(connector);
        server.Change(state => state with { Grants = state.Grants.Where(grant => grant.Resource != server.Host.Id).ToValueList() });
        await connector.SendAsync(new SshProvisionedMessage(order.Request, server.AccountOf(order)));
        Assert.Contains("is not granted to you", (await signing).Expect(HttpStatusCode.Forbidden).Text, StringComparison.Ordinal);

        server.Grant(Mia);
        signing = server.SignAsync(Mia, SshServer.NewKey());
        order = await SshServer.OrderAsync(connector);
        server.Change(state => With(state, resource => resource with { Ssh = resource.Ssh! with { Sudo = SshSudoMode.Full } }));
        await connector.SendAsync(new SshProvisionedMessage(order.Request, server.AccountOf(order)));
        Assert.Contains("vm-01 was changed while the account was prepared", (await signing).Expect(HttpStatusCode.Conflict).Text, StringComparison.Ordinal);

        signing = server.SignAsync(Mia, SshServer.NewKey());
        order = await SshServer.OrderAsync(connector);
        server.Api.Sessions.End(server.SessionOf(Mia));
        await connector.SendAsync(new SshProvisionedMessage(order.Request, server.AccountOf(order)));
        (await signing).Expect(HttpStatusCode.Unauthorized);
        Assert.Empty(server.State.Ssh.Issued);

        await server.LogInAsync(Mia, "tablet");
        signing = server.SignAsync(Mia, SshServer.NewKey());
        await SshServer.OrderAsync(connector);
        await connector.CloseAsync();
        Assert.Contains("connector office-1 went away while it prepared the account on vm-01", (await signing).Expect(HttpStatusCode.ServiceUnavailable).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "34")]
    public async Task Access_that_goes_takes_its_certificates_along_and_does_not_bring_them_back()
    {
        await using var server = await ReadyAsync();
        using var connector = await server.ConnectorAsync();
        var signing = server.SignAsync(Mia, SshServer.NewKey());
        var order = await SshServer.OrderAsync(connector);
        await connector.SendAsync(new SshProvisionedMessage(order.Request, server.AccountOf(order)));
        long serial = (await signing).Expect(HttpStatusCode.OK).Json.GetProperty("serial").GetInt64();
        var mia = server.State.FindUser(Mia)!;
        var agent = new Agent(AgentKind.Connector, connector.Id);
        SshRow Row() => Assert.Single(server.Ledger.Compiled.TableOf(agent).Ssh);
        Assert.Empty(Row().Revoked);
        Assert.Contains(mia.Id, Row().Users);
        (await server.Api.PatchAsync(ApiServer.Owner, $"/users/{Mia}", """{"disabled":true}""")).Expect(HttpStatusCode.OK);
        Assert.Contains("Your user is disabled in acme: ask an administrator", (await server.SignAsync(Mia, SshServer.NewKey())).Expect(HttpStatusCode.Forbidden).Text, StringComparison.Ordinal);
        Assert.Equal([serial], Row().Revoked);
        Assert.DoesNotContain(mia.Id, Row().Users);
        (await server.Api.PatchAsync(ApiServer.Owner, $"/users/{Mia}", """{"disabled":false}""")).Expect(HttpStatusCode.OK);
        Assert.Equal([serial], Row().Revoked);
        Assert.Contains(mia.Id, Row().Users);
        // Nobody but the connectors of the site is told.
        Assert.All(server.Ledger.Compiled.Agents.Where(other => other != agent), other => Assert.Empty(server.Ledger.Compiled.TableOf(other).Ssh));
    }

    [Fact]
    public async Task One_user_asks_for_so_many_within_a_minute_and_no_more()
    {
        await using var server = await ReadyAsync();
        using var connector = await server.ConnectorAsync();
        var serving = server.ServeAsync(connector);
        string key = SshServer.NewKey();
        var answers = new List<ApiAnswer>();
        var clock = Stopwatch.StartNew();
        foreach (var some in Enumerable.Range(0, SshRates.PerMinute + 5).Chunk(13))
            answers.AddRange(await Task.WhenAll(some.Select(_ => server.SignAsync(Mia, key))));
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "They took longer than the minute in which they are counted.");
        Assert.Equal(SshRates.PerMinute, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(5, answers.Count(answer => answer.Status == HttpStatusCode.TooManyRequests));
        var serials = answers.Where(answer => answer.Status == HttpStatusCode.OK).Select(answer => answer.Json.GetProperty("serial").GetInt64()).ToList();
        Assert.Equal(serials.Count, serials.Distinct().Count());
        Assert.Equal(serials.Count, server.Audit().Count(row => row.Action == "ssh-sign"));
        Assert.Single(server.Audit(), row => row.Action == "ssh-account");
        connector.Dispose();
        await Task.WhenAny(serving);
    }

    [Fact]
    [Trait("Threat", "34")]
    public async Task A_host_opens_to_nobody_the_account_of_another_user_and_does_not_become_another_machine()
    {
        await using var server = await ReadyAsync();
        using var connector = await server.ConnectorAsync();
        server.Grant(ApiServer.Admin);
        await server.LogInAsync(ApiServer.Admin, "desk");
        (await server.Api.PostAsync(ApiServer.Owner, "/resources", """{"name":"vm-01-too","site":"office","destination":"192.168.1.5","tcp":"22","ssh":{}}""")).Expect(HttpStatusCode.Created);
        Assert.Contains("200", await AnswerAsync(Mia, "mia2"), StringComparison.Ordinal);
        foreach (string name in new[] { "mia", "mia2", "adam1", "mia3" })
            Assert.Contains($"502 The auth daemon of vm-01 answered with the account {name}, which is not one for adam", await AnswerAsync(ApiServer.Admin, name), StringComparison.Ordinal);
        Assert.Contains("200", await AnswerAsync(ApiServer.Admin, "adam"), StringComparison.Ordinal);
        Assert.Contains("200", await AnswerAsync(ApiServer.Admin, "adam2"), StringComparison.Ordinal);

        // By name alone it would fit: the names of one host are one user's each, by whichever resource.
        server.Change(state => state with { Ssh = state.Ssh with { Accounts = state.Ssh.Accounts.Select(account => account.Name == "mia" ? account with { Name = "ada" } : account with { Name = "ada2" }).ToValueList() } });
        Assert.Contains("200", await AnswerAsync(Mia, "ada"), StringComparison.Ordinal);
        Assert.Contains("200", await AnswerAsync(ApiServer.Admin, "ada2"), StringComparison.Ordinal);
        Assert.Contains("502 The auth daemon of vm-01 answered with the account ada2, which is another user's", await AnswerAsync(Mia, "ada2"), StringComparison.Ordinal);
        server.Change(state => state with { Ssh = state.Ssh with { HostAccounts = state.Ssh.HostAccounts.Select(account => account.Name == "ada2" ? account with { Resource = state.Resources.First(resource => resource.Name == "vm-01-too").Id } : account).ToValueList() } });
        await connector.SendAsync(new SshHostMessage(server.State.Resources.First(resource => resource.Name == "vm-01-too").Id, [SshServer.NewKey()], server.State.Ssh.Trusted));
        await Until(() => server.State.Ssh.Hosts.Count == 2);
        server.Change(state => state with { Ssh = state.Ssh with { Hosts = state.Ssh.Hosts.Select(host => host with { Token = SshServer.Token }).ToValueList() } });
        Assert.Contains("which is another user's", await AnswerAsync(Mia, "ada2"), StringComparison.Ordinal);

        string other = new('a', 32);
        Assert.Contains("answered for another machine than before: if the host was reinstalled, an administrator runs \"keyhole-control ssh forget-host vm-01\"", await AnswerAsync(Mia, "ada", other), StringComparison.Ordinal);
        server.Change(state => SshLogins.Forget(state, "vm-01", []));
        Assert.DoesNotContain(server.State.Ssh.HostAccounts, account => account.Resource == server.Host.Id);
        await server.ShowAsync(connector);
        Assert.Contains("200", await AnswerAsync(Mia, "ada", other), StringComparison.Ordinal);

        async Task<string> AnswerAsync(string who, string name, string token = SshServer.Token)
        {
            var signing = server.SignAsync(who, SshServer.NewKey());
            var order = await SshServer.OrderAsync(connector);
            await connector.SendAsync(new SshProvisionedMessage(order.Request, new SshAccount(name, $"keyhole:{server.State.Ssh.Authority}:{order.Resource}:{token}:{name}")));
            var answer = await signing;
            return $"{(int)answer.Status} {(answer.Status == HttpStatusCode.OK ? "" : answer.Json.GetProperty("detail").GetString())}";
        }
    }

    [Fact]
    [Trait("Threat", "34")]
    public async Task Who_may_not_see_resources_learns_of_none_but_its_own_and_refusals_are_written_down()
    {
        await using var server = await ReadyAsync();
        using var connector = await server.ConnectorAsync();
        var serving = server.ServeAsync(connector);
        (await server.Api.PostAsync(ApiServer.Owner, "/resources", """{"name":"prod-db","site":"office","destination":"192.168.1.9","alias":"db.acme.internal","tcp":"22","ssh":{}}""")).Expect(HttpStatusCode.Created);
        (await server.Api.PostAsync(ApiServer.Owner, "/resources", """{"name":"decoy","site":"office","destination":"192.168.1.10","alias":"vm-01","tcp":"22","ssh":{}}""")).Expect(HttpStatusCode.Created);
        foreach (string target in new[] { "prod-db", "prod-dc", "db.acme.internal", "192.168.1.9", server.State.Resources.First(resource => resource.Name == "prod-db").OverlayIpv4!.Value.BaseAddress.ToString(), "decoy" })
        {
            string detail = (await server.SignAsync(Mia, SshServer.NewKey(), target)).Expect(HttpStatusCode.NotFound).Json.GetProperty("detail").GetString()!;
            Assert.StartsWith($"No resource that is called {target} is granted to you: ", detail, StringComparison.Ordinal);
            Assert.DoesNotContain("prod-db", detail.Replace(target, "", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        // Another resource that is called so changes nothing for who has no grant to it, and is named to who has.
        (await server.SignAsync(Mia, SshServer.NewKey())).Expect(HttpStatusCode.OK);
        server.Change(state => state with
        {
            Grants = state.Grants.Append(new Grant(state.Resources.First(resource => resource.Name == "decoy").Id, PrincipalKind.User, state.FindUser(Mia)!.Id))
                .OrderBy(grant => grant.Resource).ThenBy(grant => grant.Kind).ThenBy(grant => grant.Principal).ToValueList(),
        });
        Assert.Contains("is several resources (vm-01, decoy)", (await server.SignAsync(Mia, SshServer.NewKey())).Expect(HttpStatusCode.Conflict).Text, StringComparison.Ordinal);
        (await server.SignAsync(Mia, SshServer.NewKey(), "vm-01.acme.internal")).Expect(HttpStatusCode.OK);

        var row = Assert.Single(server.Audit(), row => row.Action == "ssh-refused");
        Assert.Equal(($"user {Mia}", "resource prod-db"), (row.Actor, row.Subject));
        await server.LogInAsync(ApiServer.Admin, "desk");
        Assert.Contains("prod-db is not granted to you", (await server.SignAsync(ApiServer.Admin, SshServer.NewKey(), "prod-db")).Expect(HttpStatusCode.Forbidden).Text, StringComparison.Ordinal);
        Assert.Equal(2, server.Audit().Count(row => row.Action == "ssh-refused"));
        connector.Dispose();
        await Task.WhenAny(serving);
    }

    private static NetworkState With(NetworkState state, Func<Resource, Resource> change) =>
        state with { Resources = state.Resources.Select(resource => resource.Name == "vm-01" ? change(resource) : resource).ToValueList() };

    private static async Task Until(Func<bool> condition)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(10))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "In vain.");
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task A_connector_that_comes_back_is_told_the_revision_of_rows_that_changed_back_meanwhile()
    {
        await using var server = await ReadyAsync();
        var credential = await server.Api.Control.CredentialAsync(AgentKind.Connector, "office-1");
        using var first = await TestAgent.ConnectAsync(server.Api.Control.Address, credential, AgentKind.Connector);
        await first.HelloAsync();
        Assert.IsType<SnapshotMessage>(await first.ReadTableAsync());
        await first.AckAsync();
        await first.CloseAsync();
        // The server answers the end of a connection before it forgets it.
        var agent = server.Ledger.Compiled.Agents.Single(known => known.Kind == AgentKind.Connector && known.Id == first.Id);
        await Until(() => !server.Api.Network.Hub.IsConnected(agent));

        var grants = server.State.Grants;
        server.Change(state => state with { Grants = [] });
        server.Change(state => state with { Grants = grants });
        using var second = await TestAgent.ConnectAsync(server.Api.Control.Address, credential, AgentKind.Connector, first.PublicKey);
        await second.HelloAsync(first.Table!.Revision);
        var delta = Assert.IsType<DeltaMessage>(await second.ReadAsync()).Delta;
        Assert.Equal(first.Table.Ssh, first.Table.Apply(delta)!.Ssh);
        Assert.Equal(server.State.Revision, delta.Revision);
    }
}
