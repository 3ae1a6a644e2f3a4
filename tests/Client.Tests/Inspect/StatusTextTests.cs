using System.Text.Json.Nodes;

namespace Keyhole.Client.Tests;

public sealed class StatusTextTests
{
    private const string Status = """
        {
          "program": "keyhole", "version": "0.1.0", "interface": "keyhole0", "ready": true, "revision": 7, "control": { "connected": true },
          "relays": [{ "name": "vps", "state": "live", "transport": "tls", "transportReason": "UDP unanswered for 3 s", "endpoint": "203.0.113.10:443", "roundTripMilliseconds": 12.34 }],
          "sites": [
            { "name": "office", "reachable": true, "path": "direct", "connectors": [
              { "name": "office-1", "path": "relayed", "relay": "vps", "session": true, "silent": false, "endpoint": "203.0.113.10:443", "roundTripMilliseconds": 30, "loss": null, "bytesReceived": 1, "bytesSent": 2, "secondsSinceHandshake": 5 },
              { "name": "office-2", "path": "direct", "session": true, "silent": false, "endpoint": "192.0.2.2:4000", "roundTripMilliseconds": 2.5, "loss": 0.125, "bytesReceived": 12345678, "bytesSent": 43210, "secondsSinceHandshake": 61.5 }] },
            { "name": "branch", "reachable": false, "path": null, "connectors": [] }]
        }
        """;

    [Fact]
    [Trait("Promise", "D2")]
    public void A_site_is_shown_by_its_best_path_and_connectors_only_when_asked_for()
    {
        string text = StatusCommand.ToText((JsonObject)JsonNode.Parse(Status)!, verbose: false);
        Assert.Equal(
            """
            keyhole 0.1.0, tun on keyhole0: ready, revision 7, Control connected
            relay vps              live         tls  203.0.113.10:443 12.3 ms (UDP unanswered for 3 s)
            site  office           direct       2.5 ms, loss 12 %, 12 MB in, 43 kB out, handshake 62 s ago
            site  branch           not reached

            """.ReplaceLineEndings("\n"),
            text);
        Assert.DoesNotContain("office-1", text, StringComparison.Ordinal);
        string everything = StatusCommand.ToText((JsonObject)JsonNode.Parse(Status)!, verbose: true);
        Assert.Contains("connector office-1", everything, StringComparison.Ordinal);
        Assert.Contains("192.0.2.2:4000", everything, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_and_reasons_cannot_write_lines_or_escape_sequences_of_their_own()
    {
        string hostile = Status.Replace("vps", "v\\u001b[2J", StringComparison.Ordinal).Replace("UDP unanswered", "UDP\\nunanswered", StringComparison.Ordinal).Replace("branch", "b\\r\\u009b", StringComparison.Ordinal);
        string text = StatusCommand.ToText((JsonObject)JsonNode.Parse(hostile)!, verbose: true);
        Assert.Equal(6, text.Count(letter => letter == '\n'));
        Assert.DoesNotContain(text, letter => char.IsControl(letter) && letter != '\n');
        Assert.Contains(@"v\x1b[2J", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_status_of_a_client_that_has_just_started_is_text_too() =>
        Assert.Equal("keyhole 0.1.0, tun: not ready, revision 0, Control not connected\n", StatusCommand.ToText((JsonObject)JsonNode.Parse("""{"program":"keyhole","version":"0.1.0","revision":0}""")!, verbose: true));
}
