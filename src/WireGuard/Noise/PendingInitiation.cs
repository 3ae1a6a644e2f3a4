using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>What the initiator keeps between its initiation and the response.</summary>
internal sealed class PendingInitiation : IndexedState, IDisposable
{
    public readonly PrivateKey Ephemeral;
    public readonly IpEndpoint Destination;
    public readonly long SentAt;

    private readonly byte[] _secrets = GC.AllocateArray<byte>(SymmetricState.Length, pinned: true);

    public PendingInitiation(Peer peer, PrivateKey ephemeral, in IpEndpoint destination, long sentAt)
        : base(peer)
    {
        Ephemeral = ephemeral;
        Destination = destination;
        SentAt = sentAt;
    }

    /// <summary>Whether it carried a cookie, so that another cookie reply would not help.</summary>
    public bool CarriedCookie { get; set; }

    /// <summary>C and H after the initiation.</summary>
    public Span<byte> Secrets => _secrets;

    public SymmetricState Noise => new(_secrets);

    public void Dispose()
    {
        Ephemeral.Dispose();
        Zero.Fill(_secrets);
    }
}
