using System.Net;
using System.Text.Json;
using Keyhole.Agent;
using Keyhole.Net;

namespace Keyhole.Client.Tests;

public sealed class DiagnosisTests
{
    private static readonly IPAddress[] Own = [IPAddress.Parse("10.9.0.2"), IPAddress.Parse("198.51.100.7")];

    [Theory]
    [InlineData("""[{"name":"a","state":"live","transport":"udp","seenAs":"198.51.100.7:4000"}]""", nameof(Verdict.Fine), "none")]
    [InlineData("""[{"name":"a","state":"live","transport":"udp","seenAs":"192.0.2.1:4000"},{"name":"b","state":"live","transport":"udp","seenAs":"192.0.2.1:4001"}]""", nameof(Verdict.Limited), "symmetric")]
    [InlineData("""[{"name":"a","state":"live","transport":"udp","seenAs":"192.0.2.1:4000"},{"name":"b","state":"live","transport":"udp","seenAs":"192.0.2.1:4000"}]""", nameof(Verdict.Fine), "endpoint-independent")]
    [InlineData("""[{"name":"a","state":"live","transport":"udp","seenAs":"192.0.2.1:4000"},{"name":"b","state":"live","transport":"udp","seenAs":"[2001:db8::1]:4001"}]""", nameof(Verdict.Unknown), "one relay alone")]
    [InlineData("""[{"name":"a","state":"live","transport":"tls","seenAs":null}]""", nameof(Verdict.Unknown), "no relay")]
    [InlineData("""[{"name":"a","state":"silent","transport":"udp","seenAs":"192.0.2.1:4000"}]""", nameof(Verdict.Unknown), "no relay")]
    public void The_kind_of_NAT_is_told_from_what_relays_have_seen_and_not_beyond(string relays, string verdict, string text)
    {
        var finding = NetworkChecks.Nat(View(relays), Own);
        Assert.Equal(verdict, finding.Verdict.ToString());
        Assert.Contains(text, finding.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"name":"a","state":"live","transport":"udp","endpoint":"203.0.113.10:21820","roundTripMilliseconds":12.34}]""", nameof(Verdict.Fine), "in 12.3 ms")]
    [InlineData("""[{"name":"a","state":"live","transport":"udp","endpoint":"203.0.113.10:21820"},{"name":"b","state":"registering","endpoint":"203.0.113.11:21820"}]""", nameof(Verdict.Limited), "b does not answer at 203.0.113.11:21820")]
    [InlineData("""[{"name":"a","state":"live","transport":"tls","endpoint":"203.0.113.10:443"}]""", nameof(Verdict.Limited), "runs over TLS")]
    [InlineData("""[{"name":"a","state":"registering","transport":"udp","endpoint":"203.0.113.10:21820"}]""", nameof(Verdict.Failed), "no answer from 203.0.113.10:21820")]
    [InlineData("""[{"name":"a","state":"noEndpoint","endpoints":["relay.example.com:21820","192.0.2.1:21820"],"endpoint":null}]""", nameof(Verdict.Failed), "a has no address: its name relay.example.com was not resolved")]
    [InlineData("""[{"name":"a","state":"noEndpoint","endpoints":["192.0.2.1:21820"]}]""", nameof(Verdict.Failed), "it has not told Control its key")]
    [InlineData("""[{"name":"a","state":"noEndpoint","endpoints":["relay.example.com:21820"]},{"name":"b","state":"silent","endpoint":"203.0.113.11:21820"}]""", nameof(Verdict.Failed), "no answer from 203.0.113.11:21820")]
    [InlineData("""[{"name":"a","state":"noEndpoint","endpoints":["relay.example.com:21820"]},{"name":"b","state":"live","endpoint":"203.0.113.11:21820"}]""", nameof(Verdict.Limited), "a has no address")]
    [InlineData("[]", nameof(Verdict.Unknown), "no relay")]
    public void UDP_is_judged_by_the_relays_that_answer(string relays, string verdict, string text)
    {
        var finding = NetworkChecks.Udp(View(relays));
        Assert.Equal(verdict, finding.Verdict.ToString());
        Assert.Contains(text, finding.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1500, false, nameof(Verdict.Fine))]
    [InlineData(1480, false, nameof(Verdict.Fine))]
    [InlineData(1479, false, nameof(Verdict.Limited))]
    [InlineData(1340, false, nameof(Verdict.Limited))]
    [InlineData(1339, false, nameof(Verdict.Failed))]
    [InlineData(1360, true, nameof(Verdict.Limited))]
    [InlineData(1359, true, nameof(Verdict.Failed))]
    [InlineData(null, true, nameof(Verdict.Unknown))]
    public void The_MTU_below_must_hold_a_full_packet(int? mtu, bool isIpv6, string verdict) => Assert.Equal(verdict, MtuCheck.Judge("vps", mtu, isIpv6).Verdict.ToString());

    [Theory]
    [InlineData(0, nameof(Verdict.Fine))]
    [InlineData(-30, nameof(Verdict.Fine))]
    [InlineData(31, nameof(Verdict.Failed))]
    [InlineData(-3600, nameof(Verdict.Failed))]
    public void A_clock_that_is_off_is_named(int seconds, string verdict) => Assert.Equal(verdict, ControlCheck.JudgeClock(TimeSpan.FromSeconds(seconds)).Verdict.ToString());

    [Theory]
    [InlineData("""{"ready":false,"revision":0,"control":{"connected":false}}""", "without a table")]
    [InlineData("""{"ready":false,"revision":7,"control":{"connected":false}}""", "on its last table (revision 7)")]
    [InlineData("""{"ready":false,"revision":7,"control":{"connected":true}}""", "not every site is reached")]
    public void A_client_that_is_not_ready_is_told_from_one_without_a_table(string text, string expected)
    {
        using var status = JsonDocument.Parse(text);
        var finding = NetworkChecks.Tunnel(StatusView.From(status.RootElement));
        Assert.Equal(Verdict.Failed, finding.Verdict);
        Assert.Contains(expected, finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_of_relays_are_looked_up_like_Control_s()
    {
        // RFC 6761: this one never resolves.
        var findings = await DiagnoseCommand.FindAsync(View("""[{"name":"a","state":"noEndpoint","endpoints":["relay.keyhole.invalid:21820","[2001:db8::1]:21820","192.0.2.1:21820"]}]"""), null, null, default);
        var dns = findings.Single(finding => finding.Subject == "dns");
        Assert.Equal(Verdict.Failed, dns.Verdict);
        Assert.StartsWith("relay.keyhole.invalid does not resolve", dns.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_no_client_answers_is_said_as_it_is()
    {
        string folder = Directory.CreateTempSubdirectory("keyhole-diagnosis-").FullName;
        try
        {
            var (_, silence) = await DiagnoseCommand.AskAsync(folder, "status");
            Assert.Equal(("client", $"No agent runs in {folder}.", "Start 'keyhole up'."), (silence!.Subject, silence.Text, silence.Fix));
            using (DataDirectory.Open(folder))
                Assert.Contains("try again", (await DiagnoseCommand.AskAsync(folder, "status")).Silence!.Fix, StringComparison.Ordinal);
            var findings = await DiagnoseCommand.FindAsync(null, silence, null, default);
            Assert.Same(silence, findings[0]);
            Assert.Equal(Verdict.Unknown, findings.Single(finding => finding.Subject == "udp").Verdict);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(SocketFaultKind.AccessDenied, 1, "CAP_NET_ADMIN")]
    [InlineData(SocketFaultKind.Other, 2, "/dev/net/tun")]
    [InlineData(SocketFaultKind.None, 0, "--proxy")]
    [InlineData(SocketFaultKind.Other, 16, "--interface")]
    [InlineData(SocketFaultKind.Other, 22, "--interface")]
    public void What_to_do_without_an_interface_is_told_by_the_fault(SocketFaultKind kind, int errno, string expected) =>
        Assert.Contains(expected, TunRefusal.Advice(new SocketFault(kind, errno)), StringComparison.Ordinal);

    [Fact]
    public void A_fault_that_rights_do_not_mend_asks_for_no_rights() => Assert.Equal("", TunRefusal.Advice(new SocketFault(SocketFaultKind.TooManyFiles, 24)));

    [Fact]
    public void A_status_of_another_version_gives_no_exception()
    {
        foreach (string text in new[] { "{}", """{"relays":3,"sites":[1,null],"dns":[]}""", """{"control":{"endpoint":7},"relays":[{}]}""" })
        {
            using var status = JsonDocument.Parse(text);
            var view = StatusView.From(status.RootElement);
            Assert.NotEqual(Verdict.Fine, NetworkChecks.Udp(view).Verdict);
            Assert.False(view.IsReady);
        }
    }

    [Fact]
    public async Task A_port_where_nobody_listens_and_one_that_is_no_relay_are_told_apart()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = listener.AcceptTcpClientAsync().ContinueWith(accepted => accepted.Result.Dispose(), TaskScheduler.Default);
        Assert.Equal(Verdict.Failed, (await TlsCheck.RunAsync($"127.0.0.1:{port}", null, needed: true, default)).Verdict);
        listener.Stop();
        var refused = await TlsCheck.RunAsync($"127.0.0.1:{port}", null, needed: false, default);
        Assert.Equal(Verdict.Limited, refused.Verdict);
        Assert.Contains("refused", refused.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Nothing_that_others_have_said_reaches_the_terminal_raw()
    {
        var finding = new Finding("dns", Verdict.Failed, "a\u001b[2J\nok b", "do\r\u009bthis");
        Assert.Equal("dns        FAILED   a\\x1b[2J\\x0aok b\n                    do\\x0d\\x9bthis", finding.ToString());
    }

    [Theory]
    [InlineData("relay.example:65536")]
    [InlineData("relay.example:0")]
    [InlineData("relay.example")]
    public async Task A_TLS_endpoint_without_a_port_number_is_a_finding(string endpoint)
    {
        var findings = await DiagnoseCommand.FindAsync(View($$"""[{"name":"a","state":"live","tlsEndpoint":"{{endpoint}}"}]"""), null, null, default);
        Assert.Contains(findings, finding => finding is { Subject: "tcp443", Verdict: Verdict.Unknown } && finding.Text == $"'{endpoint}' is not HOST:PORT");
    }

    private static StatusView View(string relays)
    {
        using var status = JsonDocument.Parse($$"""{"relays":{{relays}}}""");
        return StatusView.From(status.RootElement);
    }
}
