namespace Keyhole.Control.Tests;

/// <summary>Network files that several tests start from.</summary>
internal static class Samples
{
    public const string Acme = """
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "203.0.113.10:21820", gateway: true }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - name: web
            site: office
            destination: 192.168.1.20        # IP, CIDR, or a name resolved at the connector
            alias: web.acme.internal         # optional; * and ? allowed
            tcp: "80,443,8000-8100"          # "" none, "*" all
            udp: ""
            icmp: true
        roles: [staff]
        users:
          - { email: alice@example.com, roles: [staff] }
        machines: [ci]
        external-clients:
          - { name: phone }                  # optional: public-key, address, dns, expires
        grants:
          - { resource: web, roles: [staff], users: [], machines: [ci], external-clients: [phone] }

        """;

    public const string Lineage = "00112233445566778899aabbccddeeff";

    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>The description of a file that must be right.</summary>
    public static NetworkDescription Read(string text, NetworkState? state = null)
    {
        var description = DescriptionReader.Read(text, state ?? NetworkState.Empty, out var found);
        Assert.Empty(found.Select(finding => finding.ToText("network.yaml")));
        return description!;
    }

    /// <summary>The network after a file was applied.</summary>
    public static NetworkState Apply(NetworkState state, string text, int seed = 1) =>
        Reconciliation.Reconcile(state, Read(text, state), Now, new SeededRandom(seed));

    public static NetworkState AcmeNetwork() => Apply(NetworkState.Empty, Acme);

    public static CompiledNetwork Compile(NetworkState state) => new(state, _ => null, Lineage);
}
