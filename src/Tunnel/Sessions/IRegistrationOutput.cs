namespace Keyhole.Tunnel;

/// <summary>Sends the control messages of a registration in its session.</summary>
internal interface IRegistrationOutput
{
    void SendHello(Registration registration, long now);

    /// <param name="length">Bytes of the payload: more than a ping needs makes it a probe of that length.</param>
    void SendPing(Registration registration, ulong nonce, int length, long now);
}
