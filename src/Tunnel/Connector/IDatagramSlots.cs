using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Where sealed datagrams are written: in place, so that a packet is copied once on its way out.</summary>
public interface IDatagramSlots
{
    /// <summary>Room for one datagram of up to <paramref name="length"/> bytes; what was reserved before and not committed is gone.</summary>
    Span<byte> Reserve(int length);

    /// <summary>The room that was reserved last, until it is committed.</summary>
    Span<byte> Reserved { get; }

    /// <summary>Sends the first <paramref name="length"/> bytes of what was reserved last. A reservation without it was nothing.</summary>
    void Commit(in IpEndpoint destination, int length);
}
