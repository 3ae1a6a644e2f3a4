using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>Cryptokey routing by its definition: of all prefixes that hold the address, the longest.</summary>
internal sealed class NaiveAllowedIps
{
    private readonly Dictionary<IpPrefix, Peer> _owners = [];

    public void Add(IpPrefix prefix, Peer owner) => _owners[prefix] = owner;

    public bool Remove(IpPrefix prefix, Peer owner) => _owners.TryGetValue(prefix, out var actual) && actual == owner && _owners.Remove(prefix);

    public Peer? Find(IpAddress address) => _owners.Where(pair => pair.Key.Contains(address)).OrderByDescending(pair => pair.Key.Length).Select(pair => pair.Value).FirstOrDefault();

    public IEnumerable<IpPrefix> Of(Peer owner) => _owners.Where(pair => pair.Value == owner).Select(pair => pair.Key);
}
