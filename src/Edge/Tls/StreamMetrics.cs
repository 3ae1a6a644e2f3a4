using Keyhole.Agent;
using Keyhole.Tunnel;

namespace Keyhole.Edge;

/// <summary>What is said of TLS in the metrics of connector and client. On the data thread.</summary>
public static class StreamMetrics
{
    public static void Write(PrometheusText text, IReadOnlyList<RegistrationStatus> relays, RelayStreams streams)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(relays);
        ArgumentNullException.ThrowIfNull(streams);
        foreach (var relay in relays)
            text.Gauge("keyhole_relay_by_tls", "1 while the relay is reached by TLS, since UDP was not answered.", relay.Transport == RelayTransport.Tls ? 1 : 0, ("relay", relay.Name));
        text.Counter("keyhole_tls_received_datagrams_total", "Datagrams that came by TLS.", streams.ReceivedCount);
        text.Counter("keyhole_tls_sent_datagrams_total", "Datagrams that left by TLS.", streams.SentCount);
        text.Counter("keyhole_tls_dropped_datagrams_total", "Datagrams for TLS that found too much waiting, or no connection.", streams.DropCount);
    }
}
