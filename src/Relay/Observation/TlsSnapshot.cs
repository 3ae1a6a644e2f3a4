namespace Keyhole.Relay;

/// <summary>What the relay's TCP side has counted.</summary>
/// <param name="Listen">Where it listens; null while the system refuses.</param>
/// <param name="ConnectionCount">TCP connections of all kinds.</param>
/// <param name="StreamCount">TLS connections of agents among them.</param>
/// <param name="DroppedCount">Datagrams for open connections for which too much waited.</param>
/// <param name="GoneCount">Datagrams for connections that had ended.</param>
internal sealed record TlsSnapshot(
    string? Listen,
    int ConnectionCount,
    int StreamCount,
    long ReceivedCount,
    long SentCount,
    long DroppedCount,
    long GoneCount,
    long ForwardedCount,
    long ForwardedBytes,
    (string Name, long Count)[] Events)
{
    private static readonly TlsEvent[] Kinds = Enum.GetValues<TlsEvent>();

    public static TlsSnapshot Take(TlsListener listener) => new(
        listener.Local?.ToString(),
        listener.Limits.Count,
        listener.Streams.Count,
        listener.Router.ReceivedCount,
        listener.Streams.SentCount,
        listener.Streams.DroppedCount,
        listener.Streams.GoneCount,
        listener.Router.Forwarder.ForwardedCount,
        listener.Router.Forwarder.ForwardedBytes,
        [.. Kinds.Select(kind => (kind.ToString(), listener.Counters[kind]))]);
}
