namespace Keyhole.Contracts;

/// <summary>Byte 1 of a control message. Below 0x80: in a registration session only; from 0x80: end to end only.</summary>
public enum SessionMessageType : byte
{
    /// <summary>Agent to relay, first message of every registration session: <see cref="SessionHello"/>.</summary>
    Hello = 0x01,

    /// <summary>Relay to agent, the answer to a hello: <see cref="SessionHelloAck"/>.</summary>
    HelloAck = 0x02,

    /// <summary>Either way between agent and relay: <see cref="SessionPing"/>.</summary>
    Ping = 0x03,

    /// <summary>The answer to <see cref="Ping"/>.</summary>
    Pong = 0x04,

    /// <summary>Connector to relay: takes no new flow, finishes those that it has. No body.</summary>
    Draining = 0x05,

    /// <summary>Agent to relay: gone with the next instant, its flows with it. No body.</summary>
    Goodbye = 0x06,

    /// <summary>Client to relay, where its next handshakes go; relay to client, who started anew: <see cref="SessionCounterpart"/>.</summary>
    Counterpart = 0x07,

    /// <summary>Client to relay, whom it wants to find past the relay: <see cref="SessionIntroduce"/>.</summary>
    Introduce = 0x08,

    /// <summary>Relay to client and connector, of each other: <see cref="SessionIntroduction"/>.</summary>
    Introduction = 0x09,

    /// <summary>Either way between client and connector: <see cref="SessionPing"/>.</summary>
    PeerPing = 0x80,

    /// <summary>The answer to <see cref="PeerPing"/>.</summary>
    PeerPong = 0x81,

    /// <summary>Client to connector, how long packets may be on this way: <see cref="SessionMtu"/>.</summary>
    PeerMtu = 0x82,
}
