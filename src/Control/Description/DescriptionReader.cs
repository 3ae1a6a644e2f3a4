using System.Net;

namespace Keyhole.Control;

/// <summary>
/// Reads a network file (version 1) and checks everything at once: syntax, keys, values, and that every name that is used is
/// defined. With the present state it also checks what only the server knows: whose addresses and keys are taken.
/// </summary>
internal sealed class DescriptionReader
{
    public const int MaximumLength = 4 * 1024 * 1024;

    private static readonly string[] Keys =
        ["version", "org", "relays", "sites", "resources", "roles", "users", "machines", "external-clients", "grants"];

    private readonly Findings _findings;
    private readonly NetworkState _state;
    private readonly Definitions _relays;
    private readonly Definitions _sites;
    private readonly Definitions _connectors;
    private readonly Definitions _resources;
    private readonly Definitions _aliases;
    private readonly Definitions _roles;
    private readonly Definitions _users;
    private readonly Definitions _machines;
    private readonly Definitions _externalClients;
    private readonly Claims _claims;

    private DescriptionReader(Findings findings, NetworkState state)
    {
        _findings = findings;
        _state = state;
        _claims = new Claims(findings);
        _relays = new Definitions("relay", findings);
        _sites = new Definitions("site", findings);
        _connectors = new Definitions("connector", findings);
        _resources = new Definitions("resource", findings);
        _aliases = new Definitions("alias", findings);
        _roles = new Definitions("role", findings, FixedRoles.All);
        _users = new Definitions("user", findings);
        _machines = new Definitions("machine", findings);
        _externalClients = new Definitions("external client", findings);
    }

    /// <param name="state">The present network, or <see cref="NetworkState.Empty"/> to check the file alone.</param>
    /// <param name="found">Everything that is wrong, in the order of the file; empty when there is an answer.</param>
    public static NetworkDescription? Read(string text, NetworkState state, out IReadOnlyList<Finding> found)
    {
        var findings = new Findings();
        NetworkDescription? description = null;
        if (text.Length > MaximumLength)
            findings.Add(1, 1, "", null, $"the file is longer than {MaximumLength / 1024 / 1024} MiB", "split the network");
        else if (NodeReader.Read(text, findings) is { } root)
            description = new DescriptionReader(findings, state).ReadRoot(root);
        found = findings.Sorted();
        return findings.Any ? null : description;
    }

    /// <summary>The organisation that a file names; null where it does not, or is no network file.</summary>
    public static string? OrganisationOf(string text) =>
        text.Length <= MaximumLength && NodeReader.Read(text, new Findings()) is MappingNode root
            ? (root.Entries.FirstOrDefault(entry => entry.Key.Value == "org").Value as ScalarNode)?.Value
            : null;

    /// <summary>
    /// For single objects that join the present network: all its names and aliases are defined, and all its keys and addresses
    /// taken, but for those of the object that is read anew.
    /// </summary>
    /// <param name="replaced">Null for a new object.</param>
    public static DescriptionReader ForObject(NetworkState state, INamed? replaced, Findings findings)
    {
        var reader = new DescriptionReader(findings, state);
        reader._relays.Know(state.Relays, replaced);
        reader._sites.Know(state.Sites, replaced);
        reader._connectors.Know(state.Peers.Where(peer => peer.Kind == PeerKind.Connector), replaced);
        reader._resources.Know(state.Resources, replaced);
        reader._aliases.Know(state.Resources.Where(resource => resource.Id != replaced?.Id).Select(resource => resource.Alias).OfType<string>());
        reader._roles.Know(state.Roles, replaced);
        reader._users.Know(state.Users, replaced);
        reader._machines.Know(state.Peers.Where(peer => peer.Kind == PeerKind.Machine), replaced);
        reader._externalClients.Know(state.Peers.Where(peer => peer.Kind == PeerKind.ExternalClient), replaced);
        reader._claims.Know(state, replaced);
        return reader;
    }

    private NetworkDescription? ReadRoot(Node node)
    {
        if (node is not MappingNode mapping)
        {
            _findings.Add(node, "", $"this is {node.Kind}, a network file is a group of keys", "begin with \"version: 1\" and \"org: NAME\"");
            return null;
        }

        var root = new Section(mapping, "", _findings, Keys);
        if (root.Require("version", "write version: 1") is { } version && version.Value != "1")
            _findings.Add(version, "version", "this version of the format is not known", "write version: 1");
        string organisation = ReadOrganisation(root);
        var relays = ReadEach(root, "relays", "{ name: vps, endpoint: \"203.0.113.10:21820\", gateway: true }", ReadRelay);
        var connectors = new List<ConnectorDescription>();
        var sites = ReadEach(root, "sites", "{ name: office, connectors: [office-1] }", (item, path) => ReadSite(item, path, connectors));
        var resources = ReadEach(root, "resources", "{ name: web, site: office, destination: 192.168.1.20, tcp: \"443\" }", ReadResource);
        var roles = ReadEach(root, "roles", "staff", ReadRole);
        var users = ReadEach(root, "users", "{ email: alice@example.com, roles: [staff] }", ReadUser);
        var machines = ReadEach(root, "machines", "ci", ReadMachine);
        var clients = ReadEach(root, "external-clients", "{ name: phone }", ReadExternalClient);
        var grants = ReadEach(root, "grants", "{ resource: web, roles: [staff] }", ReadGrant);
        _claims.CheckAgainst(_state, _relays, _connectors, _machines, _externalClients);
        return new NetworkDescription
        {
            Organisation = organisation,
            Relays = relays,
            Sites = sites,
            Connectors = connectors.ToValueList(),
            Resources = resources,
            Roles = roles,
            Users = users,
            Machines = machines,
            ExternalClients = clients,
            Grants = grants.SelectMany(grant => grant).Distinct().ToValueList(),
        };
    }

    private string ReadOrganisation(Section root)
    {
        if (root.Require("org", "write org: NAME") is not { } org)
            return "";
        if (!Names.IsName(org.Value))
            _findings.Add(org, "org", "this is no name", $"use {Names.Rule}");
        else if (_state.Organisation is { } present && present != org.Value)
            _findings.Add(org, "org", $"this is not the file of the organisation \"{present}\"", $"write org: {present}");
        return org.Value;
    }

    private static ValueList<T> ReadEach<T>(Section root, string key, string example, Func<Node, string, T?> read) where T : class
    {
        var values = new List<T>();
        int index = 0;
        foreach (var item in root.List(key, example))
        {
            if (read(item, $"{key}[{index++}]") is { } value)
                values.Add(value);
        }

        return values.ToValueList();
    }

    public RelayDescription? ReadRelay(Node item, string path)
    {
        if (AsSection(item, path, "{ name: vps, endpoint: \"203.0.113.10:21820\" }", "name", "endpoint", "tls-endpoint", "gateway", "dns-forward") is not { } section)
            return null;
        string? name = _relays.Define(section);
        var endpoints = ReadEndpoints(section, "endpoint", "write endpoint: \"203.0.113.10:21820\"; clients reach the relay there", required: true);
        var tls = ReadEndpoints(section, "tls-endpoint", "write tls-endpoint: \"relay.example.com:443\"; agents of networks that block UDP reach the relay there", required: false);
        bool gateway = section.Flag("gateway");
        var forward = ReadNameServers(section, "dns-forward");
        return name is null ? null : new RelayDescription(name, endpoints, tls, gateway) { DnsForward = forward };
    }

    private ValueList<string> ReadNameServers(Section section, string key)
    {
        const string Fix = "write the address of a DNS server like 192.0.2.53, with its port where that is not 53: \"192.0.2.53:5353\"";
        var servers = new List<string>();
        foreach (var server in Items(section, key, Fix))
        {
            if (!AddressSyntax.TryParseServer(server.Value, out var endpoint))
                _findings.Add(server, section.PathOf(key), "this is no usable address", Fix);
            else if (!servers.Contains(endpoint.ToString()) && servers.Count == RelayNames.MaximumForward)
                _findings.Add(server, section.PathOf(key), $"only {RelayNames.MaximumForward} servers are asked", "leave out the others");
            else if (!servers.Contains(endpoint.ToString()))
                servers.Add(endpoint.ToString());
        }

        return servers.ToValueList();
    }

    private ValueList<string> ReadEndpoints(Section section, string key, string fix, bool required)
    {
        var endpoints = new List<string>();
        foreach (var endpoint in Items(section, key, fix, required))
        {
            if (!HostSyntax.TryParseEndpoint(endpoint.Value, out string problem))
                _findings.Add(endpoint, section.PathOf(key), problem, fix);
            endpoints.Add(endpoint.Value);
        }

        return endpoints.ToValueList();
    }

    public string? ReadSite(Node item, string path, List<ConnectorDescription> connectors)
    {
        if (AsSection(item, path, "{ name: office, connectors: [office-1] }", "name", "connectors") is not { } section)
            return null;
        string? site = _sites.Define(section);
        var list = section.List("connectors", "office-1");
        if (section.Find("connectors") is SequenceNode { Items.Count: 0 } empty)
            _findings.Add(empty, section.PathOf("connectors"), "the list is empty", "name a connector, or leave the key out until there is one");
        for (int i = 0; i < list.Count; i++)
        {
            string place = $"{section.PathOf("connectors")}[{i}]";
            if (ReadNamedKey(list[i], place, "office-1", _connectors) is var (name, key) && site is not null)
                connectors.Add(new ConnectorDescription(name, site, key));
        }

        return site;
    }

    /// <summary>A connector on its own, with its site; in a file it stands within that.</summary>
    public ConnectorDescription? ReadConnector(Node item, string path)
    {
        if (AsSection(item, path, "{ name: office-1, site: office }", "name", "site", "public-key") is not { } section)
            return null;
        string? name = _connectors.Define(section);
        string? site = section.Require("site", "name one of the sites") is { } text ? _sites.Resolve(text, section.PathOf("site")) : null;
        string? key = ReadPublicKey(section, _connectors.Kind, name);
        return name is null || site is null ? null : new ConnectorDescription(name, site, key);
    }

    public ResourceDescription? ReadResource(Node item, string path)
    {
        if (AsSection(item, path, "{ name: web, site: office, destination: 192.168.1.20 }", "name", "site", "destination", "alias", "tcp", "udp", "icmp", "ssh") is not { } section)
            return null;
        string? name = _resources.Define(section);
        string? site = section.Require("site", "name one of the sites") is { } text ? _sites.Resolve(text, section.PathOf("site")) : null;
        var destination = new Destination();
        if (section.Require("destination", "write destination: 192.168.1.20, a CIDR prefix or a name") is { } target)
        {
            IPNetwork? own = _state.Organisation is null ? null : Overlay.Organisation(_state.OverlayIpv6);
            if (!AddressSyntax.TryParseDestination(target.Value, own, out destination, out string problem, out string fix))
                _findings.Add(target, section.PathOf("destination"), problem, fix);
        }

        string? alias = ReadAlias(section);
        var tcp = ReadPorts(section, "tcp");
        var udp = ReadPorts(section, "udp");
        bool icmp = section.Flag("icmp");
        var ssh = new SshReader(_findings).Read(section, destination, alias);
        return name is null || site is null ? null : new ResourceDescription(name, site, destination, alias, tcp, udp, icmp) { Ssh = ssh };
    }

    private string? ReadAlias(Section section)
    {
        if (section.Text("alias", HostSyntax.AliasFix) is not { } alias)
            return null;
        string path = section.PathOf("alias");
        if (!HostSyntax.IsAlias(alias.Value))
            _findings.Add(alias, path, "this is no DNS name", HostSyntax.AliasFix);
        else
            _aliases.Define(alias, path, alias.Value);
        return alias.Value.ToLowerInvariant();
    }

    private ValueList<PortRange> ReadPorts(Section section, string key)
    {
        if (section.Text(key, PortSyntax.Fix) is not { } ports)
            return [];
        if (!PortSyntax.TryParse(ports.Value, out var ranges, out string problem))
            _findings.Add(ports, section.PathOf(key), problem, PortSyntax.Fix);
        return ranges;
    }

    public RoleDescription? ReadRole(Node item, string path) => new RoleReader(_findings, _roles).Read(item, path);

    public IReadOnlyList<GrantDescription>? ReadGrant(Node item, string path) =>
        new GrantReader(_findings, _resources, _roles, _users, _machines, _externalClients).Read(item, path);

    public UserDescription? ReadUser(Node item, string path)
    {
        if (AsSection(item, path, "{ email: alice@example.com, roles: [staff] }", "email", "roles") is not { } section)
            return null;
        string? email = null;
        if (section.Require("email", "write email: alice@example.com") is { } text)
        {
            if (!HostSyntax.IsEmail(text.Value))
                _findings.Add(text, section.PathOf("email"), "this is no e-mail address", "write it like alice@example.com");
            else if (_users.Define(text, section.PathOf("email"), text.Value))
                email = text.Value;
        }

        var roles = _roles.ResolveEach(section, "roles");
        return email is null ? null : new UserDescription(email, roles.ToValueList());
    }

    public MachineDescription? ReadMachine(Node item, string path) =>
        ReadNamedKey(item, path, "ci", _machines) is var (name, key) ? new MachineDescription(name, key) : null;

    public ExternalClientDescription? ReadExternalClient(Node item, string path)
    {
        if (AsSection(item, path, "{ name: phone }", "name", "public-key", "address", "dns", "expires", "sealed") is not { } section)
            return null;
        string? name = _externalClients.Define(section);
        string? key = ReadPublicKey(section, "external client", name);
        var (ipv4, ipv6) = new ClientAddressReader(_findings, _state, _claims).Read(section, name);
        var dns = new List<string>();
        const string DnsFix = "write the address of a DNS server like 192.168.1.1";
        foreach (var server in Items(section, "dns", DnsFix))
        {
            if (!AddressSyntax.TryParse(server.Value, out var address) || AddressSyntax.IsMulticast(address))
                _findings.Add(server, section.PathOf("dns"), "this is no usable address", DnsFix);
            else
                dns.Add(address.ToString());
        }

        DateTimeOffset? expires = null;
        const string ExpiresFix = "write a day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z";
        if (section.Text("expires", ExpiresFix) is { } time)
        {
            if (TimeSyntax.TryParse(time.Value, out var instant))
                expires = instant;
            else
                _findings.Add(time, section.PathOf("expires"), "this is no day and no instant with a zone", ExpiresFix);
        }

        return name is null ? null : new ExternalClientDescription(name, key, ipv4, ipv6, dns.ToValueList(), expires, section.Flag("sealed"));
    }

    /// <summary>"office-1", or { name: office-1, public-key: … } for a stock WireGuard node.</summary>
    private (string Name, string? Key)? ReadNamedKey(Node item, string path, string example, Definitions definitions)
    {
        if (item is ScalarNode { IsNull: false } scalar)
            return definitions.DefineName(scalar, path) is { } plain ? (plain, null) : null;
        if (AsSection(item, path, example, "name", "public-key") is not { } section)
            return null;
        string? name = definitions.Define(section);
        string? key = ReadPublicKey(section, definitions.Kind, name);
        return name is null ? null : (name, key);
    }

    private string? ReadPublicKey(Section section, string kind, string? name)
    {
        const string Fix = "write the 44 characters that \"wg pubkey\" prints";
        if (section.Text("public-key", Fix) is not { } key)
            return null;
        if (!KeySyntax.IsPublicKey(key.Value))
            _findings.Add(key, section.PathOf("public-key"), "this is no WireGuard public key", Fix);
        else if (name is not null)
            _claims.Key(key, section.PathOf("public-key"), kind, name);
        return key.Value;
    }

    /// <summary>A single value, or a list of them.</summary>
    private List<ScalarNode> Items(Section section, string key, string fix, bool required = false)
    {
        if (section.Find(key) is not SequenceNode list)
            return (required ? section.Require(key, fix) : section.Text(key, fix)) is { } single ? [single] : [];
        if (list.Items.Count == 0)
            _findings.Add(list, section.PathOf(key), "the list is empty", required ? fix : $"{fix}, or leave the key out");
        return [.. list.Items.Select((item, index) => section.AsScalar(item, $"{section.PathOf(key)}[{index}]", fix)).OfType<ScalarNode>()];
    }

    private Section? AsSection(Node item, string path, string example, params IReadOnlyList<string> keys)
    {
        if (item is MappingNode mapping)
            return new Section(mapping, path, _findings, keys);
        _findings.Add(item, path, $"this is {item.Kind}, a group of keys is needed", $"write {example}");
        return null;
    }
}
