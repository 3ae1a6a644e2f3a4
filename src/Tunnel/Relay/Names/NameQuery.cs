using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>A query of a client for a name that it was not granted: it waits for a server elsewhere. Given back by <see cref="RelayState.Answer"/>.</summary>
public sealed class NameQuery
{
    private readonly byte[] _message;

    internal NameQuery(AgentSlot client, in FlowKey flow, NameStream? stream, ReadOnlySpan<byte> message)
    {
        Client = client;
        Flow = flow;
        Stream = stream;
        _message = message.ToArray();
    }

    /// <summary>As the client sent it.</summary>
    public ReadOnlyMemory<byte> Message => _message;

    /// <summary>It came over TCP: the answer may be as long as it likes.</summary>
    public bool IsStream => Stream is not null;

    internal AgentSlot Client { get; }

    /// <summary>As the client's packets carry it.</summary>
    internal FlowKey Flow { get; }

    /// <summary>Null over UDP.</summary>
    internal NameStream? Stream { get; }
}
