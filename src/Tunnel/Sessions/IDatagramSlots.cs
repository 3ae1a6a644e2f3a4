using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Where sealed datagrams are written: in place, so that a packet is copied once on its way out.</summary>
public interface IDatagramSlots
{
    /// <summary>Room for datagrams of <paramref name="length"/> bytes together, at most 64 of them; what was reserved before and not committed is gone.</summary>
    Span<byte> Reserve(int length);

    /// <summary>The room that was reserved last.</summary>
    Span<byte> Reserved { get; }

    /// <summary>
    /// Sends <paramref name="length"/> bytes at <paramref name="offset"/> of what was reserved last, which stay untouched until they have left. Offsets
    /// rise from commit to commit. What is not committed was never reserved.
    /// </summary>
    void Commit(in IpEndpoint destination, int offset, int length);

    /// <summary>The same for one that nobody on the way may cut in fragments, since it shows what the way carries.</summary>
    void CommitWhole(in IpEndpoint destination, int offset, int length);
}
