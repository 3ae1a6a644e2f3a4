namespace Keyhole.NetStack;

/// <summary>Hashes with a key, since peers choose what is hashed.</summary>
internal sealed class FlowIdentityComparer(ulong key) : IEqualityComparer<FlowIdentity>
{
    public bool Equals(FlowIdentity x, FlowIdentity y) => x.Peer == y.Peer && x.Key.Equals(y.Key);

    public int GetHashCode(FlowIdentity obj) => (int)obj.Key.Hash(key ^ (uint)obj.Peer);
}
