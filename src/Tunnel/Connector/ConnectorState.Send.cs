namespace Keyhole.Tunnel;

/// <remarks>What leaves: packets of the caller's flows, written where they are sealed and sent from.</remarks>
public sealed partial class ConnectorState
{
    /// <summary>False while there is no session on the way to the client, so that its flows wait.</summary>
    public bool CanSend(int peer) => _byClient.TryGetValue(peer, out var path) && path.CanSend(_now);

    /// <summary>Room for a packet to a client, in the datagram that carries it; empty while there is no session.</summary>
    public Span<byte> Rent(int peer, int length)
    {
        if (_byClient.TryGetValue(peer, out var path) && path.CanSend(_now))
            return _written.Rent(path.Way!, length, _now);
        Drop(ConnectorDropReason.NoSession);
        return default;
    }

    /// <summary>The packet leaves the way that the client was heard last, with the next <see cref="Flush"/> at the latest.</summary>
    public void Commit(int peer, int length)
    {
        _written.Commit(length);
        var path = _byClient[peer];
        if (path.Paths?.InUse is null || path.Way != path.EndToEnd)
            path.Relay?.DataMoved(_now);
    }

    /// <summary>Seals what was committed and hands it to <see cref="IDatagramSlots"/>; at the end of every turn, before the slots are sent.</summary>
    public void Flush(long now) => _written.Flush(now);
}
