using System.Diagnostics;
using Keyhole.Ssh;

namespace Keyhole.Control.Tests;

/// <summary>Hosts and CA keys through their lives, by the calculations that every change runs through.</summary>
public class SshHostTests
{
    private const string File = """
        version: 1
        org: acme
        sites:
          - { name: office, connectors: [office-1, office-2] }
          - { name: plant, connectors: [plant-1] }
        resources:
          - { name: vm-01, site: office, destination: 192.168.1.5, alias: vm-01.acme.internal, tcp: "22", ssh: SETTINGS }
        roles: [staff]
        users:
          - { email: ada@example.com, roles: [staff] }
        grants:
          - { resource: vm-01, roles: [staff] }

        """;

    private static readonly string Pin = Convert.ToBase64String(new byte[32]);
    private static readonly string OtherPin = Convert.ToBase64String([.. Enumerable.Repeat((byte)1, 32)]);
    private static readonly DateTimeOffset Now = Samples.Now;

    private readonly SshVault _vault = new(new SecretBox(new byte[SecretBox.KeyLength]));
    private readonly SshUpkeep _upkeep;
    private readonly HashSet<int> _connected = [];
    private NetworkState _state = NetworkState.Empty;

    public SshHostTests() => _upkeep = new SshUpkeep(_vault);

    private Resource Resource => _state.Resources.First(resource => resource.Name == "vm-01");

    private SshHost Host => _state.Ssh.FindHost(Resource.Id)!;

    private int Connector(string name) => _state.FindPeer(PeerKind.Connector, name)!.Id;

    private void Apply(string settings = "true", Func<string, string>? change = null) =>
        Change(state => Samples.Apply(state, (change ?? (file => file))(File.Replace("SETTINGS", settings, StringComparison.Ordinal))));

    private void Change(Func<NetworkState, NetworkState> change, DateTimeOffset? at = null) => _state = _upkeep.Tend(_state, change(_state), at ?? Now);

    private void Show(string connector, IReadOnlyList<string> keys, string? pin = null, string? error = null, bool trusts = true, DateTimeOffset? at = null) => Change(
        state => SshHosts.Note(state, Connector(connector), new SshHostMessage(Resource.Id, keys, trusts ? state.Ssh.Trusted : [], pin, error), _connected.Contains, at ?? Now), at);

    private static string Print(string key) => SshPublicKey.Parse(key)!.Fingerprint;

    private SshRow Row(string connector = "office-1") => Assert.Single(Samples.Compile(_state).TableOf(new Agent(AgentKind.Connector, Connector(connector))).Ssh);

    [Fact]
    [Trait("Promise", "B1")]
    [Trait("Promise", "B5")]
    public void The_first_resource_with_ssh_makes_the_CA_and_connectors_of_its_site_are_told()
    {
        Apply("false");
        Assert.Same(SshState.None, _state.Ssh);
        long revision = _state.Revision;
        Apply();
        Assert.Matches("^[0-9a-f]{32}$", _state.Ssh.Authority);
        Assert.Equal(revision + 1, _state.Revision);
        var row = Row();
        Assert.Equal((Resource.Id, _state.Ssh.Authority, null), (row.Resource, row.Authority, row.Daemon));
        Assert.Equal([_state.Ssh.Keys[0].PublicKey], row.Trusted);
        Assert.Equal([_state.Users[0].Id], row.Users);
        Assert.Empty(Samples.Compile(_state).TableOf(new Agent(AgentKind.Connector, Connector("plant-1"))).Ssh);
        string authority = _state.Ssh.Authority!;
        Apply("false");
        Apply();
        Assert.Equal(authority, _state.Ssh.Authority);
        Apply("true", file => file.Replace("\"22\"", "\"80\"", StringComparison.Ordinal));
        Assert.Empty(Row().Users);
    }

    [Fact]
    [Trait("Promise", "B9")]
    [Trait("Threat", "35")]
    public void Rows_say_what_accounts_may_do_and_which_connectors_speak_for_the_organisation()
    {
        Apply("{ sudo: [/usr/bin/id], groups: [docker] }");
        var row = Row();
        Assert.Equal(["docker"], row.Groups);
        Assert.Equal(new SshSudo(SshSudoMode.Commands, ["/usr/bin/id"]), row.Sudo);
        Assert.Empty(row.Connectors);
        string[] keys = [TestAgent.NewPublicKey(), TestAgent.NewPublicKey(), TestAgent.NewPublicKey()];
        Report("office-1", keys[0]);
        Report("office-2", keys[1]);
        Report("plant-1", keys[2]);
        Assert.Equal(new[] { keys[0], keys[1] }.Order(StringComparer.Ordinal), Row().Connectors);
        Report("office-2", keys[1] = TestAgent.NewPublicKey());
        Assert.Equal(new[] { keys[0], keys[1] }.Order(StringComparer.Ordinal), Row().Connectors);
        Apply("true", file => file.Replace("connectors: [office-1, office-2]", "connectors: [office-1]", StringComparison.Ordinal).Replace("connectors: [plant-1]", "connectors: [plant-1, office-2]", StringComparison.Ordinal));
        Assert.Equal([keys[0]], Row().Connectors);
        Assert.Empty(Row().Groups);
        Assert.Equal(SshSudoMode.None, Row().Sudo!.Mode);
        // Of a stock node nobody speaks to a daemon.
        Apply("true", file => file.Replace("office-2]", $"{{ name: office-3, public-key: \"{TestAgent.NewPublicKey()}\" }}]", StringComparison.Ordinal));
        Assert.Equal([keys[0]], Row().Connectors);

        void Report(string connector, string key) => Change(state => Transitions.ReportKey(state, new Agent(AgentKind.Connector, Connector(connector)), key)!);
    }

    [Fact]
    [Trait("Threat", "35")]
    public void Other_keys_or_another_pin_are_not_taken_before_the_operator_says_so()
    {
        Apply("{ daemon: external }");
        string first = SshServer.NewKey(), second = SshServer.NewKey(), third = SshServer.NewKey();
        Show("office-1", [first, second], Pin);
        Assert.Equal(new SshDaemon("192.168.1.5", 22123, Pin), Row().Daemon);
        Assert.Equal([first, second], Host.HostKeys);

        Show("office-1", [third], Pin);
        Assert.Contains("shows other keys than before: \"keyhole-control ssh forget-host vm-01\"", Host.Error, StringComparison.Ordinal);
        Assert.Equal([first, second], Host.HostKeys);
        Assert.Equal([third], Host.Offer!.HostKeys);
        Assert.Equal(2, Row().HostCertificates.Count);
        var refused = _state;
        Show("office-1", [third], Pin);
        Assert.Same(refused, _state);
        Show("office-1", [third], Pin, "The daemon is away.");
        Assert.Same(refused, _state);

        Show("office-1", [first], OtherPin);
        Assert.NotNull(Host.Error);
        Assert.Equal(Pin, Row().Daemon!.Pin);
        Show("office-1", [first], Pin);
        Assert.Null(Host.Error);

        Show("office-1", [third], OtherPin);
        var (offered, generation) = (Host.Offer!, Host.Generation);
        foreach (string[] wrong in new string[][] { [], [Print(first)], [Print(third), Print(first)] })
            Assert.Contains($"the host of vm-01 shows {Print(third)}", Assert.Throws<OperatorException>(() => SshLogins.Forget(_state, "vm-01", wrong)).Message, StringComparison.Ordinal);
        Change(state => SshLogins.Forget(state, "vm-01.acme.internal", [Print(third)]));
        Assert.True(Host.Generation > generation);
        Assert.Equal((offered.Connector, offered.Trusted), (Host.Connector, Host.Trusted));
        Assert.Equal((null, OtherPin), (Host.Error, Host.Pin));
        Assert.Equal([third], Host.HostKeys);
        Assert.Equal(third, SshCertificate.Parse(Assert.Single(Row().HostCertificates))!.Key.ToString());

        // The connector itself did not get past the pin: after the word of the operator the next that proves the pre-shared key counts.
        Show("office-1", [], null, "The certificate of the auth daemon is another one.");
        Change(state => SshLogins.Forget(state, "vm-01", []));
        Assert.Null(Row().Daemon!.Pin);
        Assert.Empty(Host.HostKeys);
        Assert.Empty(Row().HostCertificates);
        Show("office-1", [second], Pin);
        Assert.Equal((null, Pin), (Host.Error, Host.Pin));
        Show("office-1", [first], Pin);
        Assert.NotNull(Host.Error);
    }

    [Theory]
    [Trait("Threat", "35")]
    [InlineData("{ daemon: external }", true)]
    [InlineData("{ daemon: external }", false)]
    [InlineData("{ daemon: external, pin: \"PIN\" }", true)]
    [InlineData("true", false)]
    public void A_connector_that_names_a_key_of_the_host_gets_no_certificate_for_another(string settings, bool saysPin)
    {
        bool isExternal = settings != "true";
        Apply(settings.Replace("PIN", Pin, StringComparison.Ordinal));
        string key = SshServer.NewKey(), evil = SshServer.NewKey();
        Show("office-1", [key], isExternal ? Pin : null);
        foreach (bool isThere in new[] { true, false })
        {
            if (isThere)
                _connected.Add(Connector("office-1"));
            else
                _connected.Clear();
            foreach (var keys in new[] { [key, evil], [evil], [key], new[] { key, evil } })
            {
                Show("office-2", keys, saysPin ? Pin : null);
                Assert.Equal([key], Host.HostKeys);
                Assert.Equal(key, SshCertificate.Parse(Assert.Single(Row().HostCertificates))!.Key.ToString());
                if (!isThere)
                    continue;
                Assert.Null(Host.Error);
                if (!isExternal)
                    Assert.Equal(Connector("office-1"), Host.Connector);
                Show("office-1", [key], isExternal ? Pin : null);
            }
        }
    }

    [Fact]
    public void A_key_that_a_host_has_besides_waits_for_the_operator_and_keeps_nobody_out()
    {
        Apply();
        string first = SshServer.NewKey(), second = SshServer.NewKey();
        Show("office-1", [first]);
        Show("office-1", [first, second]);
        Assert.Null(Host.Error);
        Assert.Equal([first], Host.HostKeys);
        Assert.Equal([first, second], Host.Offer!.HostKeys);
        Show("office-1", [], null, "The disk is full.");
        Assert.Equal("The disk is full.", Host.Error);
        Show("office-1", [first, second]);
        Change(state => SshLogins.Forget(state, "vm-01", [Print(second), Print(first)]));
        Assert.Equal([first, second], Host.HostKeys);
        Assert.Null(Host.Offer);
        Assert.Equal(2, Row().HostCertificates.Count);
    }

    [Fact]
    [Trait("Threat", "35")]
    public void No_host_is_certified_by_the_name_that_clients_know_another_by()
    {
        Apply();
        string other = $"keyhole-{_state.Ssh.Authority![..8]}-{Resource.Id + 1}-1";
        Apply("true", file => file.Replace("vm-01.acme.internal", other, StringComparison.Ordinal));
        Assert.Equal(other, Resource.Alias);
        Show("office-1", [SshServer.NewKey()]);
        Assert.Equal([$"keyhole-{_state.Ssh.Authority![..8]}-{Resource.Id}-1", "vm-01", "192.168.1.5"], SshCertificate.Parse(Host.Certificates[0])!.Principals);
    }

    [Fact]
    [Trait("Threat", "35")]
    public void What_was_certified_for_a_host_that_was_forgotten_or_led_elsewhere_proves_nothing_any_more()
    {
        Apply("{ daemon: external }");
        string key = SshServer.NewKey();
        var names = new HashSet<string>();
        Enrolled();
        Change(state => SshLogins.Forget(state, "vm-01", []));
        Enrolled();
        Apply("{ daemon: external }", file => file.Replace("192.168.1.5", "192.168.1.6", StringComparison.Ordinal));
        Enrolled();
        Apply();
        Enrolled();
        Apply("true", file => file.Replace("192.168.1.5", "192.168.1.7", StringComparison.Ordinal));
        Enrolled();
        Apply("false");
        Apply();
        Enrolled();

        // The same key each time: with the name that clients look for it has a certificate of its own.
        void Enrolled()
        {
            Assert.Empty(Host?.HostKeys ?? []);
            Assert.Empty(Host?.Certificates ?? []);
            Assert.Empty(Row().HostCertificates);
            Show("office-1", [key], Resource.Ssh!.External ? Pin : null);
            Assert.True(names.Add(SshCertificate.Parse(Assert.Single(Row().HostCertificates))!.Principals[0]));
        }
    }

    [Fact]
    [Trait("Threat", "35")]
    public void No_certificate_holds_a_name_that_another_resource_bears_too()
    {
        Apply();
        Show("office-1", [SshServer.NewKey()]);
        Assert.Equal(["vm-01", "vm-01.acme.internal", "192.168.1.5"], Shown());
        Other("{ name: VM-01.acme.internal, site: office, destination: 192.168.1.9 }", ["vm-01", "192.168.1.5"]);
        Other("{ name: other, site: office, destination: 192.168.1.9, alias: vm-01 }", ["vm-01.acme.internal", "192.168.1.5"]);
        Other("{ name: other, site: office, destination: vm-01.acme.internal }", ["vm-01", "192.168.1.5"]);
        Other("{ name: other, site: plant, destination: 192.168.1.5 }", ["vm-01", "vm-01.acme.internal"]);
        Other("{ name: 192.168.1.5, site: office, destination: 192.168.1.5 }", ["vm-01", "vm-01.acme.internal"]);
        // Another port of the same host.
        Other("{ name: other, site: office, destination: 192.168.1.5 }", ["vm-01", "vm-01.acme.internal", "192.168.1.5"]);

        void Other(string resource, string[] names)
        {
            Apply("true", file => file.Replace("roles: [staff]\nusers", $"  - {resource}\nroles: [staff]\nusers", StringComparison.Ordinal));
            Assert.Equal(names, Shown());
        }

        IEnumerable<string> Shown() => SshCertificate.Parse(Assert.Single(Row().HostCertificates))!.Principals.Skip(1);
    }

    [Fact]
    public void A_pin_in_the_network_file_counts_and_a_resource_that_leads_elsewhere_has_another_host()
    {
        string key = SshServer.NewKey();
        Apply($"{{ daemon: external, pin: \"{Pin}\" }}");
        Assert.Equal(Pin, Row().Daemon!.Pin);
        Show("office-1", [key], Pin);
        Apply($"{{ daemon: external, pin: \"{Pin}\" }}", file => file.Replace("192.168.1.5", "192.168.1.6", StringComparison.Ordinal));
        Assert.Null(_state.Ssh.FindHost(Resource.Id));
        Show("office-1", [SshServer.NewKey()], Pin);
        Assert.Null(Host.Error);
        Apply();
        Assert.Null(_state.Ssh.FindHost(Resource.Id));
        Show("office-1", [key]);
        Apply("true", file => file.Replace("192.168.1.5", "192.168.1.6", StringComparison.Ordinal));
        Assert.Empty(Host.HostKeys);
        Show("office-1", [key]);
        Assert.Contains("192.168.1.6", SshCertificate.Parse(Host.Certificates[0])!.Principals);
        Apply("false");
        Assert.Empty(_state.Ssh.Hosts);
    }

    [Fact]
    public void A_connector_that_does_not_reach_a_host_says_nothing_against_one_that_does()
    {
        Apply("{ daemon: external }");
        Show("plant-1", [SshServer.NewKey()]);
        Assert.Empty(_state.Ssh.Hosts);
        string key = SshServer.NewKey();
        Show("office-1", [key], Pin);
        _connected.Add(Connector("office-1"));
        Show("office-2", [], null, "no route to host");
        Assert.Null(Host.Error);
        var state = _state;
        foreach (var keys in new[] { [key], [SshServer.NewKey()], Array.Empty<string>() })
            Show("office-2", keys, Pin);
        Assert.Same(state, _state);
        // The other one takes over where the first does not get there any more.
        Show("office-1", [], null, "no route to host");
        Show("office-2", [SshServer.NewKey()], Pin);
        Assert.Equal(("no route to host", null), (Host.Error, Host.Offer));
        Show("office-2", [key], Pin);
        Assert.Equal((null, Connector("office-2")), (Host.Error, Host.Connector));
        _connected.Clear();
        Show("office-1", [], null, "no route\u0000to host");
        Assert.Equal("no route to host", Host.Error);
    }

    [Fact]
    [Trait("Promise", "B5")]
    public void A_rotation_leaves_no_moment_without_a_key_that_the_host_trusts()
    {
        Apply();
        string key = SshServer.NewKey();
        Show("office-1", [key]);
        string old = _state.Ssh.Keys[0].PublicKey;
        Assert.Contains("is the only key", Assert.Throws<OperatorException>(() => Retire(old)).Message, StringComparison.Ordinal);
        Change(state => state with { Ssh = SshAuthorities.Rotate(state.Ssh, _vault, Now) });
        string next = _state.Ssh.Keys[1].PublicKey;
        Assert.Equal([next, old], Row().Trusted);
        Assert.Equal(next, SshCertificate.Parse(Host.Certificates[0])!.Authority.ToString());
        Assert.Equal(old, SigningKey());
        _connected.Add(Connector("office-1"));
        Assert.Contains("do not trust a newer key yet: vm-01", Assert.Throws<OperatorException>(() => Retire(old)).Message, StringComparison.Ordinal);
        Show("office-1", [key]);
        Assert.Equal(next, SigningKey());
        Assert.Contains("is the newest key", Assert.Throws<OperatorException>(() => Retire(next)).Message, StringComparison.Ordinal);
        Retire(old);
        Assert.Equal([next], Row().Trusted);
        Assert.Equal(next, SigningKey());
        Assert.Equal([next], Host.Trusted);
        Change(state => state with { Ssh = SshAuthorities.Rotate(state.Ssh, _vault, Now) });
        Retire(next, force: true);
        Assert.Null(SigningKey());

        // A host that nobody has met holds nothing up.
        Change(state => state with { Ssh = SshAuthorities.Rotate(state.Ssh, _vault, Now) });
        Change(state => SshLogins.Forget(state, "vm-01", []));
        Show("office-1", [], null, "The daemon is away.");
        Retire(_state.Ssh.Keys[0].PublicKey);
        Assert.Single(_state.Ssh.Keys);

        void Retire(string publicKey, bool force = false) => Change(state => state with
        {
            Ssh = SshAuthorities.Retire(state, SshPublicKey.Parse(publicKey)!.Fingerprint, host => _connected.Contains(host.Connector), force),
        });
        string? SigningKey() => _state.Ssh.Keys.LastOrDefault(entry => Host.Trusted.Contains(entry.PublicKey))?.PublicKey;
    }

    [Fact]
    [Trait("Promise", "B5")]
    public void Host_certificates_are_what_OpenSSH_reads_and_are_renewed_by_the_clock()
    {
        Apply();
        string directory = Directory.CreateTempSubdirectory("keyhole-ssh").FullName;
        try
        {
            var keys = new[] { "ed25519", "ecdsa", "rsa" }.Select(type => MakeKey(directory, type)).ToList();
            Show("office-1", keys);
            Assert.Equal(3, Host.Certificates.Count);
            string name = $"keyhole-{_state.Ssh.Authority![..8]}-{Resource.Id}-{Host.Generation}";
            for (int i = 0; i < keys.Count; i++)
            {
                string path = Path.Combine(directory, $"{i}-cert.pub");
                System.IO.File.WriteAllText(path, Host.Certificates[i] + "\n");
                string shown = Run("ssh-keygen", "-L", "-f", path);
                Assert.Contains("host certificate", shown, StringComparison.Ordinal);
                Assert.Contains($"Signing CA: ED25519 {_state.Ssh.Keys[0].Fingerprint}", shown, StringComparison.Ordinal);
                foreach (string principal in new[] { name, "vm-01", "vm-01.acme.internal", "192.168.1.5" })
                    Assert.Contains($"                {principal}\n", shown, StringComparison.Ordinal);
                Assert.Equal(4, SshCertificate.Parse(Host.Certificates[i])!.Principals.Count);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        var due = SshUpkeep.NextDue(_state.Ssh)!.Value;
        Assert.Equal(due, Transitions.NextExpiry(_state));
        Assert.Equal(TimeSpan.FromDays(20), due - Now);
        var before = _state;
        Change(state => state, due.AddSeconds(-1));
        Assert.Same(before, _state);
        Change(state => state, due);
        Assert.Equal(before.Revision + 1, _state.Revision);
        Assert.Equal(due.AddDays(30), Host.CertificatesEnd);
        Assert.NotEqual(before.Ssh.Hosts[0].Certificates, Host.Certificates);
    }

    [Fact]
    [Trait("Promise", "B4")]
    [Trait("Threat", "34")]
    public void A_certificate_whose_access_went_is_listed_until_no_clock_takes_it_for_valid_and_no_longer()
    {
        Apply();
        var ada = _state.Users[0];
        Change(state => DeviceTransitions.Enrol(state, ada, "laptop", TestAgent.NewPublicKey(), true, id => new Credential("dev", new Agent(AgentKind.Device, id), "", Now)));
        int device = _state.FindPeer(PeerKind.Device, "laptop")!.Id;
        Change(state => state with { Ssh = state.Ssh with { Issued = [new(1, ada.Id, device, Resource.Id, Now.AddMinutes(5), false), new(2, ada.Id, device + 1, Resource.Id, Now.AddMinutes(5), false)] } });
        Assert.Equal([2], Row().Revoked);
        Change(state => Transitions.Revoke(state, _ => true), Now.AddSeconds(1));
        Assert.Equal([1, 2], Row().Revoked);
        Assert.Contains(ada.Id, Row().Users);
        Assert.Equal(Now.AddMinutes(15), Transitions.NextExpiry(_state));
        long revision = _state.Revision;
        Change(state => Transitions.Expire(state, Now.AddSeconds(899)), Now.AddSeconds(899));
        Assert.Equal([1, 2], Row().Revoked);
        Change(state => Transitions.Expire(state, Now.AddSeconds(901)), Now.AddSeconds(901));
        Assert.Empty(Row().Revoked);
        Assert.Empty(_state.Ssh.Issued);
        Assert.Equal(revision + 1, _state.Revision);
    }

    [Fact]
    [Trait("Promise", "B10")]
    public void Explain_says_whether_a_login_would_work_and_why_not()
    {
        Apply();
        string Ssh() => new Explainer(Samples.Compile(_state), agent => new AgentStatus(_connected.Contains(agent.Id), null, null, null, null, false, null)).Explain("ada@example.com", "vm-01.acme.internal:22").Ssh!;
        Assert.StartsWith("No connector that reaches vm-01 is connected to Control", Ssh(), StringComparison.Ordinal);
        _connected.Add(Connector("office-1"));
        Assert.StartsWith("The auth daemon of vm-01 has not been met yet", Ssh(), StringComparison.Ordinal);
        Show("office-1", [SshServer.NewKey()], trusts: false);
        Assert.StartsWith("vm-01 trusts no key of the organisation's CA yet", Ssh(), StringComparison.Ordinal);
        Show("office-1", [.. Host.HostKeys]);
        Assert.Equal("works", Ssh());
        Apply("true", file => file.Replace("\"22\"", "\"80\"", StringComparison.Ordinal));
        Assert.StartsWith("vm-01 does not let TCP 22 through", Ssh(), StringComparison.Ordinal);
        Apply("true", file => file.Replace("{ resource: vm-01, roles: [staff] }", "{ resource: vm-01, users: [ada@example.com] }", StringComparison.Ordinal));
        Assert.Equal("works", Ssh());
    }

    private static string MakeKey(string directory, string type)
    {
        string path = Path.Combine(directory, type);
        Run("ssh-keygen", "-q", "-N", "", "-t", type, "-f", path);
        return SshPublicKey.Parse(System.IO.File.ReadAllText(path + ".pub"))!.ToString();
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
