using Keyhole.Agent;
using Keyhole.Edge;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>The connector's Prometheus metrics. On the data thread.</summary>
internal static class ConnectorMetrics
{
    public static void Write(PrometheusText text, DataPath data, long now)
    {
        long allocated = data.AllocatedBytes;
        var (state, site) = (data.State, data.Site);
        var relays = state.Registrations();
        foreach (var relay in relays)
            text.Gauge("keyhole_relay_live", "1 while the relay answers.", relay.State == RegistrationState.Live ? 1 : 0, ("relay", relay.Name));
        foreach (var relay in relays)
            text.Gauge("keyhole_relay_last_heard_seconds", "Time since an authentic datagram of the relay; -1 for never.", relay.LastHeardAt is { } at ? (now - at) / 1e6 : -1, ("relay", relay.Name));
        foreach (var relay in relays)
            text.Counter("keyhole_relay_received_bytes_total", "Authentic bytes from the relay.", relay.BytesReceived, ("relay", relay.Name));
        foreach (var relay in relays)
            text.Counter("keyhole_relay_sent_bytes_total", "Sealed bytes to the relay.", relay.BytesSent, ("relay", relay.Name));
        foreach (var relay in relays)
            text.Counter("keyhole_relay_registrations_total", "Sessions made anew.", relay.Registrations, ("relay", relay.Name));
        StreamMetrics.Write(text, relays, data.Streams);
        text.Gauge("keyhole_clients", "Clients for which a relay may speak.", state.ClientCount);
        text.Gauge("keyhole_direct_paths", "Clients whose data takes no relay.", state.DirectCount);
        text.Gauge("keyhole_flows", "Live flows.", site.Counts.TcpOpen, ("protocol", "tcp"));
        text.Gauge("keyhole_flows", "Live flows.", site.Counts.UdpOpen, ("protocol", "udp"));
        text.Gauge("keyhole_flows", "Live flows.", site.Counts.EchoOpen, ("protocol", "echo"));
        text.Counter("keyhole_flows_cut_total", "Flows that ended since their grant did.", site.Counts.Cut);
        foreach (var verdict in Enum.GetValues<AccessVerdict>().Where(verdict => verdict != AccessVerdict.Allowed))
            text.Counter("keyhole_flows_denied_total", "New flows that were refused.", site.Counts.Denied(verdict), ("reason", StatusJson.Name(verdict)));
        text.Counter("keyhole_dial_failures_total", "Targets that refused, or that could not be reached.", site.Counts.DialFailures);
        text.Counter("keyhole_targets_refused_total", "Targets whose address may not be dialled, or whose name has none.", site.Counts.TargetsRefused);
        text.Counter("keyhole_handles_exhausted_total", "Flows that found no file handle.", site.Counts.HandlesExhausted);
        text.Gauge("keyhole_ping_available", "0 when the system refuses ping sockets.", site.PingAvailable ? 1 : 0);
        text.Counter("keyhole_packets_received_total", "Packets of clients.", state.PacketsReceived);
        text.Counter("keyhole_packets_sent_total", "Packets to clients.", state.PacketsSent);
        foreach (var reason in Enum.GetValues<ConnectorDropReason>())
            text.Counter("keyhole_dropped_total", "Datagrams and packets that went nowhere.", state.DropCount(reason), ("reason", StatusJson.Name(reason)));
        foreach (var reason in Enum.GetValues<WireGuard.DropReason>().Where(reason => reason != WireGuard.DropReason.None))
            text.Counter("keyhole_wireguard_dropped_total", "Datagrams and packets that the WireGuard device refused.", state.DropCount(reason), ("reason", StatusJson.Name(reason)));
        var socket = data.Socket.Counters;
        text.Counter("keyhole_socket_received_datagrams_total", "Datagrams received.", socket.ReceivedDatagrams);
        text.Counter("keyhole_socket_sent_datagrams_total", "Datagrams sent.", socket.SentDatagrams);
        text.Counter("keyhole_socket_send_dropped_total", "Datagrams that the system had no room for.", socket.SendDropped);
        text.Counter("keyhole_data_thread_allocated_bytes_total", "Managed bytes allocated by the data thread.", allocated);
    }
}
