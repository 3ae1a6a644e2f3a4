namespace Keyhole.System.Tests;

/// <summary>The networks that the tests describe to Control.</summary>
internal static class Descriptions
{
    /// <summary>
    /// Office and branch, both 192.168.1.0/24. "web" (office .20) is granted to the phone; "files" (office .21) exists and is
    /// granted to nobody; "branch-web" (branch .20) is granted to the tablet, and to the phone when <paramref name="branch"/> says so.
    /// </summary>
    public static string Acme(bool web = true, bool branch = false, bool files = false, string endpoint = $"{World.RelayAddress}:21820") => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{endpoint}}", gateway: true }
        sites:
          - { name: office, connectors: [office-1] }
          - { name: branch, connectors: [branch-1] }
        resources:
          - name: web
            site: office
            destination: 192.168.1.20
            alias: web.acme.internal
            tcp: "80,443,5201,8000-8100"
            udp: "53,5201,9000"
            icmp: true
          - name: web6
            site: office
            destination: fd55::20
            alias: web6.acme.internal
            tcp: "*"
            udp: "*"
            icmp: true
          - name: files
            site: office
            destination: 192.168.1.21
            alias: files.acme.internal
            tcp: "*"
            udp: "*"
            icmp: true
          - name: branch-web
            site: branch
            destination: 192.168.1.20
            alias: web.branch.internal
            tcp: "80,8000-8100"
            udp: "9000"
            icmp: true
        roles: [staff]
        external-clients:
          - { name: phone }
          - { name: tablet }
        grants:
          - { resource: branch-web, external-clients: [{{(branch ? "tablet, phone" : "tablet")}}] }
        {{(web ? "  - { resource: web, external-clients: [phone] }\n  - { resource: web6, external-clients: [phone] }" : "")}}
        {{(files ? "  - { resource: files, external-clients: [phone] }" : "")}}
        """;

    /// <summary>
    /// The office with one or two connectors and the branch, both 192.168.1.0/24, for the machine "laptop": "web" (office .20) while
    /// <paramref name="web"/> says so, and "branch-web" (branch .20), which it reaches by its alias only.
    /// </summary>
    public static string Laptop(bool web = true, bool branch = false, bool second = false) => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{World.RelayAddress}}:21820" }
        sites:
          - { name: office, connectors: [office-1{{(second ? ", office-2" : "")}}] }
          - { name: branch, connectors: [branch-1] }
        resources:
          - name: web
            site: office
            destination: 192.168.1.20
            alias: web.acme.internal
            tcp: "80,5201,8000-8100"
            udp: "5201,9000"
            icmp: true
          - name: web6
            site: office
            destination: fd55::20
            alias: web6.acme.internal
            tcp: "*"
            icmp: true
          - name: branch-web
            site: branch
            destination: 192.168.1.20
            alias: web.branch.internal
            tcp: "80,8000-8100"
            icmp: true
        machines: [{ name: laptop }]
        grants:
          - { resource: web6, machines: [laptop] }
        {{(web ? "  - { resource: web, machines: [laptop] }" : "")}}
        {{(branch ? "  - { resource: branch-web, machines: [laptop] }" : "")}}
        """;
}
