using System.Text;
using Keyhole.Control;

namespace Keyhole.Fuzz;

/// <summary>The description of a network in YAML: it is a description, or every finding says where.</summary>
internal sealed class NetworkFileTarget : IFuzzTarget
{
    private const string Whole = """
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "203.0.113.10:21820", gateway: true }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - name: web
            site: office
            destination: 192.168.1.20
            alias: web.acme.internal
            tcp: "80,443,8000-8100"
            udp: ""
            icmp: true
        roles: [staff]
        users:
          - { email: alice@example.com, roles: [staff] }
        machines: [ci]
        external-clients:
          - { name: phone }
        grants:
          - { resource: web, roles: [staff], users: [], machines: [ci], external-clients: [phone] }
        """;

    public string Name => "network-file";

    public string Door => "text to Control's reader of network files";

    public int MaximumLength => 4096;

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            yield return ("whole", Encoding.UTF8.GetBytes(Whole));
            yield return ("empty", []);
            yield return ("unknown-key", Encoding.UTF8.GetBytes(Whole + "\nsurprise: 1\n"));
            yield return ("duplicate-key", Encoding.UTF8.GetBytes(Whole + "\norg: other\n"));
            yield return ("bad-port", Encoding.UTF8.GetBytes(Whole.Replace("8000-8100", "8100-8000", StringComparison.Ordinal)));
            yield return ("missing-reference", Encoding.UTF8.GetBytes(Whole.Replace("[phone]", "[tablet]", StringComparison.Ordinal)));
            yield return ("anchors", "a: &a [1, 2]\nb: [*a, *a]\nversion: *a\n"u8.ToArray());
            yield return ("self-reference", "a: &a [*a]\n"u8.ToArray());
            yield return ("deep", Encoding.UTF8.GetBytes(new string('[', 1000)));
            yield return ("tag", "version: !!python/object 1\n"u8.ToArray());
            yield return ("not-utf8", [0xFF, 0xFE, 0x00, 0x41]);
            yield return ("two-documents", "version: 1\n---\nversion: 1\n"u8.ToArray());
        }
    }

    public ulong Run(Span<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        var description = DescriptionReader.Read(text, NetworkState.Empty, out var findings);
        Promise.Holds(description is null == (findings.Count > 0));
        var outcome = new Outcome();
        outcome.Add(description is not null);
        outcome.AddScale(findings.Count);
        foreach (var finding in findings)
        {
            Promise.Holds(finding.Line >= 1 && finding.Column >= 1);
            Promise.Holds(finding.Problem.Length > 0);
            // What goes to a terminal cannot move its cursor.
            Promise.Holds(!finding.ToText("network.yaml").Any(char.IsControl));
            foreach (char letter in finding.Problem.AsSpan(0, Math.Min(12, finding.Problem.Length)))
                outcome.Add(letter);
        }

        return outcome.Value;
    }
}
