using System.Security.Cryptography;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>Makes the keys and the configuration of external clients.</summary>
internal sealed class ExternalClientConfig(Ledger ledger, AgentHub hub, TimeProvider time, ILogger log)
{
    private const int KeyLength = 32;

    /// <summary>How long a new key may take to reach the relay before the configuration is shown.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether its keys were made, or the device's own is known, and it has a preshared key.</summary>
    public static bool HasKeys(Peer client) => client is { PublicKey: not null, SealedPresharedKey: not null };

    /// <param name="check">Told the network within the transaction; throws to refuse.</param>
    /// <exception cref="OperatorException">There is no such client, no gateway, or no key to show.</exception>
    public async Task<ConfigAnswer> MakeAsync(ConfigRequest request, Actor actor, Action<NetworkState>? check = null)
    {
        string? privateKey = null;
        Peer? client = null;
        Relay? relay = null;
        var (before, after) = ledger.Change(
            state =>
            {
                check?.Invoke(state);
                client = Find(state, request);
                relay = Gateways.First(state, client.Sealed);
                if (request.ForQr)
                    QrCode.Check(Write(ledger.Compiled, client with { PublicKey = Blank }, relay, Blank, Blank));
                return !request.NewKey && HasKeys(client) ? state : GiveKeys(state, client, generate: client.KeySource != KeySource.Declared, out privateKey);
            },
            (before, after) => new AuditEntry(actor, "make-config", $"external-client {client!.Name}", client.PublicKey, after.Peers.First(peer => peer.Id == client.Id).PublicKey));
        var notes = new List<string>();
        var made = after.State.Peers.First(peer => peer.Id == client!.Id);
        if (before != after)
        {
            log.KeysMade(made.Name);
            await ReportAsync(after, made, relay!, notes);
        }

        HandOut(after, made, relay!, actor);
        if (privateKey is null && made.KeySource != KeySource.Declared)
            notes.Add($"the private key of {made.Name} was shown once and is stored nowhere: this configuration goes without it; --new-key makes a new one, and the old one stops working");
        if (made.Sealed)
            notes.AddRange(SitesWithoutConnector(after, made).Select(site =>
                $"no connector of the site {site} has ever connected: the configuration goes without it; start one and ask again"));
        return new ConfigAnswer(Write(after, made, relay!, privateKey, ledger.PresharedKeyOf(made)!), privateKey is not null, notes);
    }

    /// <summary>As long as every key in base64.</summary>
    private static string Blank { get; } = new('A', 44);

    private static Peer Find(NetworkState state, ConfigRequest request)
    {
        var client = ExternalClients.Find(state, request.Name);
        bool own = client.KeySource == KeySource.Declared;
        return client switch
        {
            { Expired: true } => throw new OperatorException(
                $"the external client {client.Name} expired at {TimeSyntax.Format(client.Expires!.Value)}: change \"expires\" in the network file and apply"),
            { Enabled: false } => throw new OperatorException(
                $"the external client {client.Name} is disabled: its configuration works again after \"keyhole-control external-client enable {client.Name}\""),
            _ when own && request.NewKey => throw new OperatorException(
                $"{client.Name} has a public-key of its own in the network file: make a new pair on the device, write its public key there and apply"),
            _ when own && request.ForQr => throw new OperatorException(
                $"{client.Name} has a public-key of its own: the private key never left the device, so no QR code can hold it; print the file with \"keyhole-control external-client config {client.Name}\""),
            _ when request.ForQr && !request.NewKey && HasKeys(client) => throw new OperatorException(
                $"the private key of {client.Name} was shown once and is stored nowhere, so no QR code can hold it; --new-key makes a new one, and the old one stops working"),
            _ => client,
        };
    }

    private static string Write(CompiledNetwork network, Peer client, Relay relay, string? privateKey, string presharedKey)
    {
        string comment = client.KeySource == KeySource.Declared
            ? "PrivateKey = write the private key of this device here; it never left it"
            : $"PrivateKey was shown once and is stored nowhere; a new one: keyhole-control external-client config {client.Name} --new-key";
        return StockConfiguration.Write(network, client, ConfigContent.Of(network, client, relay), privateKey, comment, presharedKey);
    }

    /// <summary>Keeps what is shown now, without its secrets: later it can be told what has changed since.</summary>
    private void HandOut(CompiledNetwork network, Peer client, Relay relay, Actor actor)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        string text = new HandedConfig(now, ConfigContent.Of(network, client, relay)).ToText();
        ledger.Change(
            state => Transitions.HandOut(state, client, text),
            (_, _) => new AuditEntry(actor, "show-config", $"external-client {client.Name}"));
    }

    private static IEnumerable<string> SitesWithoutConnector(CompiledNetwork network, Peer client) =>
        SitesOf(network, client).Where(site => ConfigContent.FindConnector(network.State, site.Id) is null).Select(site => site.Name);

    private static IEnumerable<SiteRow> SitesOf(CompiledNetwork network, Peer client) => network.TableOf(new Agent(AgentKind.Machine, client.Id)).Sites;

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
            needed.AddRange(SitesOf(network, client).Select(site => ConfigContent.FindConnector(network.State, site.Id))
                .OfType<Peer>().Where(connector => !connector.Stock).Select(connector => network.NameOf(new Agent(AgentKind.Connector, connector.Id))));
        foreach (var missing in report.Missing.Where(missing => needed.Contains(missing.Agent)))
            notes.Add($"{missing.Agent} does not know the new key yet ({missing.Reason}): the configuration works as soon as it does");
    }
}
