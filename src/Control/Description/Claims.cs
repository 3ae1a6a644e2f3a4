using System.Net;

namespace Keyhole.Control;

/// <summary>Addresses and public keys that a file writes down: each may belong to one object only, in the file and on the server.</summary>
internal sealed class Claims(Findings findings)
{
    private readonly HashSet<string> _addressed = new(Names.Comparer);
    private readonly Dictionary<string, Claim> _claims = new(StringComparer.Ordinal);

    /// <summary>Takes up what objects hold that are there already.</summary>
    /// <param name="replaced">The object whose keys and addresses are free, since it is read anew.</param>
    public void Know(NetworkState state, INamed? replaced)
    {
        foreach (var relay in state.Relays.Where(relay => relay.Id != replaced?.Id))
            Know(relay.PublicKey, "relay", relay.Name, "public key");
        foreach (var peer in state.Peers.Where(peer => peer.Id != replaced?.Id))
        {
            string kind = Names.Of(peer.Kind).Replace('-', ' ');
            Know(peer.PublicKey, kind, peer.Name, "public key");
            Know(peer.Ipv4?.ToString(), kind, peer.Name, "address");
            Know(peer.Ipv6?.ToString(), kind, peer.Name, "address");
        }
    }

    /// <summary>A public key for the object of this kind and name.</summary>
    public void Key(ScalarNode node, string path, string kind, string name) => Add(node, path, node.Value, kind, name, "public key");

    /// <summary>An overlay address for the external client of this name.</summary>
    public void Address(ScalarNode node, string path, IPAddress address, string name)
    {
        _addressed.Add(name);
        Add(node, path, address.ToString(), "external client", name, "address");
    }

    /// <summary>Compares with what the server has given out. What belongs to an object that the file does not hold any more is free.</summary>
    public void CheckAgainst(NetworkState state, Definitions relays, Definitions connectors, Definitions machines, Definitions externalClients)
    {
        foreach (var relay in state.Relays.Where(relay => relays.Contains(relay.Name)))
            Check(relay.PublicKey, "relay", relay.Name);
        foreach (var peer in state.Peers)
        {
            (string kind, Definitions? kept) = peer.Kind switch
            {
                PeerKind.Connector => ("connector", connectors),
                PeerKind.Machine => ("machine", machines),
                PeerKind.Device => ("device", null),
                _ => ("external client", externalClients),
            };
            if (kept?.Contains(peer.Name) == false)
                continue;
            if (peer.KeySource != KeySource.Declared)
                Check(peer.PublicKey, kind, peer.Name);
            if (kind != "external client" || !_addressed.Contains(peer.Name))
            {
                Check(peer.Ipv4?.ToString(), kind, peer.Name);
                Check(peer.Ipv6?.ToString(), kind, peer.Name);
            }
        }
    }

    private void Add(ScalarNode node, string path, string value, string kind, string name, string what)
    {
        if (!_claims.TryAdd(value, new Claim(node, path, kind, name, what)))
            findings.Add(node, path, $"the {_claims[value].Kind} \"{_claims[value].Name}\" has this {what} too{(_claims[value].Node.Line == 0 ? "" : $", on line {_claims[value].Node.Line}")}", $"every {what} belongs to one object");
    }

    private void Know(string? value, string kind, string name, string what)
    {
        if (value is not null)
            _claims.TryAdd(value, new Claim(new ScalarNode(0, 0, value, true), "", kind, name, what));
    }

    private void Check(string? taken, string kind, string name)
    {
        if (taken is not null && _claims.TryGetValue(taken, out var claim) && !(claim.Kind == kind && Names.Comparer.Equals(claim.Name, name)))
            findings.Add(claim.Node, claim.Path, $"the {kind} \"{name}\" has this {claim.What} already", $"use another {claim.What}, or remove that {kind}{(kind == "device" ? "" : " from the file")}");
    }

    private sealed record Claim(ScalarNode Node, string Path, string Kind, string Name, string What);
}
