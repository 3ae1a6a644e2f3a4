using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.Tunnel;

/// <remarks>
/// Introductions (docs/protocol.md, rule 17): a client that has a grant asks for a connector, and the relay tells both, at the same time, where the other one
/// is, so that their first pings cross on the way and open both sides' translators.
/// </remarks>
public sealed partial class RelayState
{
    private const long IntroductionInterval = Second;

    /// <summary>Introductions that went to both sides.</summary>
    public long IntroductionCount { get; private set; }

    private bool Introduce(AgentSlot client, in SessionIntroduce wish, long now)
    {
        if (_device.FindPeer(new PublicKey(wish.PublicKey))?.State is not AgentSlot { IsConnector: true, Row.Stock: false } connector || !client.MayMeet(connector))
            return Drop(RelayDropReason.Control);
        if (client.Address is null || connector.Address is null || !connector.Peer.HasSession(now))
            return Drop(RelayDropReason.NoAddress);
        if (!client.Introductions.TryTake(connector.Index, IntroductionInterval, now) || !connector.IntroductionBucket.TryTake(now))
            return Drop(RelayDropReason.IntroductionRate);
        IntroductionCount++;
        SendIntroduction(connector, client, now);
        SendIntroduction(client, connector, now);
        return false;
    }

    private void SendIntroduction(AgentSlot receiver, AgentSlot other, long now)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        other.Peer.PublicKey.CopyTo(key);
        new SessionIntroduction(key, ReflexiveOf(other), other.Candidates).Write(_scratch.AsSpan(HeadLength, SessionIntroduction.Length));
        SendScratch(receiver, SessionIntroduction.Length, now);
    }

    private void SendHelloAck(AgentSlot slot, long now)
    {
        new SessionHelloAck(slot.BootNonce, _bootNonce, ReflexiveOf(slot)).Write(_scratch.AsSpan(HeadLength, SessionHelloAck.Length));
        SendScratch(slot, SessionHelloAck.Length, now);
    }

    /// <summary>Where the relay sees an agent. The address of one that comes by TLS stands for its connection and says nothing of where it is.</summary>
    private static SessionEndpoint ReflexiveOf(AgentSlot slot) => slot.Address is { Address.IsDiscardOnly: false } address ? address.ToSession() : default;
}
