using Keyhole.Agent;
using Keyhole.Net;

namespace Keyhole.Relay;

/// <summary>The relay's metrics. Nothing in them names a client.</summary>
internal static class RelayMetrics
{
    public static void Write(PrometheusText text, RelaySnapshot snapshot, DatagramCounters socket)
    {
        var agents = snapshot.Agents;
        text.Gauge("keyhole_relay_agents", "Agents that may register.", agents.Count);
        text.Gauge("keyhole_relay_agents_live", "Agents with a session and a confirmed address that owe no answer.", agents.Count(agent => agent.IsLive));
        text.Gauge("keyhole_relay_flows", "Flows through the gateway.", snapshot.FlowCount);
        text.Counter("keyhole_relay_forwarded_packets_total", "Datagrams sealed anew and sent on.", snapshot.ForwardedCount);
        text.Counter("keyhole_relay_forwarded_bytes_total", "Their bytes.", snapshot.ForwardedBytes);
        foreach (var (reason, count) in snapshot.RelayDrops)
            text.Counter("keyhole_relay_drops_total", "Packets that the relay let go no further.", count, ("reason", reason));
        foreach (var (reason, count) in snapshot.DeviceDrops)
            text.Counter("keyhole_wireguard_drops_total", "Datagrams and packets that the WireGuard device dropped.", count, ("reason", reason));
        text.Counter("keyhole_udp_received_datagrams_total", "Datagrams received.", socket.ReceivedDatagrams);
        text.Counter("keyhole_udp_received_bytes_total", "Their bytes.", socket.ReceivedBytes);
        text.Counter("keyhole_udp_sent_datagrams_total", "Datagrams sent.", socket.SentDatagrams);
        text.Counter("keyhole_udp_sent_bytes_total", "Their bytes.", socket.SentBytes);
        text.Counter("keyhole_udp_receive_calls_total", "Calls of the system that received.", socket.ReceiveCalls);
        text.Counter("keyhole_udp_send_calls_total", "Calls of the system that sent.", socket.SendCalls);
        text.Counter("keyhole_udp_send_dropped_total", "Datagrams for which the system had no room.", socket.SendDropped);
        text.Counter("keyhole_udp_send_refused_total", "Datagrams that the system refused.", socket.SendRefused);
        text.Counter("keyhole_udp_truncated_total", "Messages longer than a receive buffer.", socket.Truncated);
    }
}
