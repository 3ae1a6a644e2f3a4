using System.Security.Cryptography;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>Makes the keys and the configuration of external clients.</summary>
internal sealed class ExternalClientConfig(Ledger ledger, AgentHub hub, ILogger log)
{
    private const int KeyLength = 32;

    /// <summary>How long a new key may take to reach the relay before the configuration is shown.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <param name="newKey">Replace the keys that were shown before.</param>
    /// <exception cref="OperatorException">There is no such client, no gateway, or no key to show.</exception>
    public async Task<ConfigAnswer> MakeAsync(string name, bool newKey, Actor actor)
    {
        string? privateKey = null;
        Peer? client = null;
        Relay? relay = null;
        var (before, after) = ledger.Change(
            state =>
            {
                client = Find(state, name);
                relay = client.Sealed ? FindRelay(state) : FindGateway(state);
                bool own = client.KeySource == KeySource.Declared;
                if (own && newKey)
                    throw new OperatorException($"{client.Name} has a public-key of its own in the network file: make a new pair on the device, write its public key there and apply");
                if (!newKey && client is { PublicKey: not null, SealedPresharedKey: not null })
                    return state;
                return GiveKeys(state, client, generate: !own, out privateKey);
            },
            (before, after) => new AuditEntry(actor, "make-config", $"external-client {client!.Name}", client.PublicKey, after.Peers.First(peer => peer.Id == client.Id).PublicKey));
        var notes = new List<string>();
        var made = after.State.Peers.First(peer => peer.Id == client!.Id);
        if (before != after)
        {
            log.KeysMade(made.Name);
            await ReportAsync(after, made, relay!, notes);
        }

        string comment = made.KeySource == KeySource.Declared
            ? "PrivateKey = write the private key of this device here; it never left it"
            : $"PrivateKey was shown once and is stored nowhere; a new one: keyhole-control external-client config {made.Name} --new-key";
        if (privateKey is null && made.KeySource != KeySource.Declared)
            notes.Add($"the private key of {made.Name} was shown once and is stored nowhere: this configuration goes without it; --new-key makes a new one, and the old one stops working");
        if (made.Sealed)
            notes.AddRange(SitesWithoutConnector(after, made).Select(site =>
                $"no connector of the site {site} has ever connected: the configuration goes without it; start one and ask again"));
        return new ConfigAnswer(StockConfiguration.Write(after, made, relay!, privateKey, comment, ledger.PresharedKeyOf(made)!), notes);
    }

    private static Peer Find(NetworkState state, string name)
    {
        var client = state.FindPeer(PeerKind.ExternalClient, name)
            ?? throw OperatorErrors.Unknown("external client", name, state.Peers.Where(peer => peer.Kind == PeerKind.ExternalClient).Select(peer => peer.Name));
        return client.Expired
            ? throw new OperatorException($"the external client {client.Name} expired at {TimeSyntax.Format(client.Expires!.Value)}: change \"expires\" in the network file and apply")
            : client;
    }

    private static IEnumerable<string> SitesWithoutConnector(CompiledNetwork network, Peer client) =>
        network.TableOf(new Agent(AgentKind.Machine, client.Id)).Sites.Where(site => StockConfiguration.FindConnector(network.State, site.Id) is null).Select(site => site.Name);

    /// <summary>Any will do that is known, since it opens nothing.</summary>
    private static Relay FindRelay(NetworkState state) =>
        state.Relays.FirstOrDefault(relay => relay.PublicKey is not null)
            ?? throw new OperatorException(state.Relays.Count > 0
                ? NeverConnected(state.Relays[0])
                : "there is no relay: add one in the network file and apply");

    private static Relay FindGateway(NetworkState state)
    {
        var gateways = state.Relays.Where(relay => relay.Gateway).ToList();
        if (gateways.Count == 0)
            throw new OperatorException("no relay has \"gateway: true\": stock WireGuard apps enter through a gateway; set it on a relay in the network file and apply");
        return gateways.FirstOrDefault(relay => relay.PublicKey is not null)
            ?? throw new OperatorException(NeverConnected(gateways[0]));
    }

    private static string NeverConnected(Relay relay) =>
        $"the relay {relay.Name} has never connected, its public key is not known yet: start keyhole-relay with the ID and secret of \"keyhole-control credentials relay {relay.Name}\"";

    private NetworkState GiveKeys(NetworkState state, Peer client, bool generate, out string? privateText)
    {
        privateText = null;
        string? publicText = null;
        Span<byte> secret = stackalloc byte[KeyLength];
        try
        {
            if (generate)
            {
                using var pair = PrivateKey.Generate(RandomSource.System);
                pair.Export(secret);
                privateText = Convert.ToBase64String(secret);
                publicText = pair.PublicKey.ToString();
            }

            RandomSource.System.Fill(secret);
            return Transitions.GiveKeys(state, client, publicText, ledger.SealPresharedKey(client.Id, secret));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private async Task ReportAsync(CompiledNetwork network, Peer client, Relay relay, List<string> notes)
    {
        if (hub.FindEnforcement(network.State.Revision) is not { } enforcement)
            return;
        var report = await enforcement.WaitAsync(hub.IsConnected, Patience);
        var needed = new List<string> { network.NameOf(new Agent(AgentKind.Relay, relay.Id)) };
        if (client.Sealed)
            needed.AddRange(network.TableOf(new Agent(AgentKind.Machine, client.Id)).Sites.Select(site => StockConfiguration.FindConnector(network.State, site.Id))
                .OfType<Peer>().Where(connector => !connector.Stock).Select(connector => network.NameOf(new Agent(AgentKind.Connector, connector.Id))));
        foreach (var missing in report.Missing.Where(missing => needed.Contains(missing.Agent)))
            notes.Add($"{missing.Agent} does not know the new key yet ({missing.Reason}): the configuration works as soon as it does");
    }
}
