using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Sends the control messages of a registration in its session.</summary>
internal interface IRegistrationOutput
{
    void SendHello(Registration registration, long now);

    /// <param name="length">Bytes of the payload: more than a ping needs makes it a probe of that length.</param>
    void SendPing(Registration registration, ulong nonce, int length, long now);

    /// <summary>Sends a ping to another endpoint of the relay than the one in use.</summary>
    void SendProbe(Registration registration, in IpEndpoint destination, ulong nonce, int length, long now);

    void OpenStream(Registration registration);

    void CloseStream(Registration registration);
}
