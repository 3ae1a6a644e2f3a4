using Keyhole.Agent;
using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>The relay's metrics. Nothing in them names a client.</summary>
internal static class RelayMetrics
{
    public static void Write(PrometheusText text, RelaySnapshot snapshot)
    {
        var agents = snapshot.Agents;
        text.Gauge("keyhole_relay_agents", "Agents that may register.", agents.Count);
        text.Gauge("keyhole_relay_agents_live", "Agents with a session and a confirmed address that owe no answer.", agents.Count(agent => agent.IsLive));
        text.Gauge("keyhole_relay_flows", "Flows through the gateway.", snapshot.FlowCount);
        text.Counter("keyhole_relay_forwarded_packets_total", "Datagrams sealed anew and sent on.", snapshot.ForwardedCount);
        text.Counter("keyhole_relay_forwarded_bytes_total", "Their bytes.", snapshot.ForwardedBytes);
        text.Counter("keyhole_relay_introductions_total", "Clients and connectors that were told of each other.", snapshot.IntroductionCount);
        WriteNames(text, snapshot.NameCounts);
        foreach (var (reason, count) in snapshot.RelayDrops)
            text.Counter("keyhole_relay_drops_total", "Packets that the relay let go no further.", count, ("reason", reason));
        foreach (var (reason, count) in snapshot.DeviceDrops)
            text.Counter("keyhole_wireguard_drops_total", "Datagrams and packets that the WireGuard device dropped.", count, ("reason", reason));
        text.Gauge("keyhole_relay_blind_entries", "Entries of the forwarding table.", snapshot.EntryCount);
        WriteThreads(text, "keyhole_relay_blind_packets_total", "Datagrams between two agents, sent on unseen.", snapshot, thread => thread.ForwardedCount);
        WriteThreads(text, "keyhole_relay_blind_bytes_total", "Their bytes.", snapshot, thread => thread.ForwardedBytes);
        for (int i = 0; i < snapshot.Threads.Count; i++)
        {
            foreach (var (reason, count) in snapshot.Threads[i].Drops)
                text.Counter("keyhole_relay_blind_drops_total", "Datagrams between two agents that were not sent on.", count, ("thread", $"{i}"), ("reason", reason));
        }

        WriteThreads(text, "keyhole_relay_thread_allocated_bytes_total", "Managed bytes that the data threads have allocated.", snapshot, thread => thread.AllocatedBytes);
        if (snapshot.Tls is { } tls)
            Write(text, tls);
        WriteSockets(text, "keyhole_udp_received_datagrams_total", "Datagrams received.", snapshot, socket => socket.ReceivedDatagrams);
        WriteSockets(text, "keyhole_udp_received_bytes_total", "Their bytes.", snapshot, socket => socket.ReceivedBytes);
        WriteSockets(text, "keyhole_udp_sent_datagrams_total", "Datagrams sent.", snapshot, socket => socket.SentDatagrams);
        WriteSockets(text, "keyhole_udp_sent_bytes_total", "Their bytes.", snapshot, socket => socket.SentBytes);
        WriteSockets(text, "keyhole_udp_receive_calls_total", "Calls of the system that received.", snapshot, socket => socket.ReceiveCalls);
        WriteSockets(text, "keyhole_udp_send_calls_total", "Calls of the system that sent.", snapshot, socket => socket.SendCalls);
        WriteSockets(text, "keyhole_udp_kernel_dropped_total", "Datagrams that came while the receive buffer was full.", snapshot, socket => socket.Overflowed);
        WriteSockets(text, "keyhole_udp_send_dropped_total", "Datagrams for which the system had no room.", snapshot, socket => socket.SendDropped);
        WriteSockets(text, "keyhole_udp_send_refused_total", "Datagrams that the system refused.", snapshot, socket => socket.SendRefused);
        WriteSockets(text, "keyhole_udp_offload_refused_total", "Runs that had to be sent one by one.", snapshot, socket => socket.OffloadRefused);
        WriteSockets(text, "keyhole_udp_truncated_total", "Messages longer than a receive buffer.", snapshot, socket => socket.Truncated);
    }

    private static void WriteNames(PrometheusText text, NameCounts names)
    {
        foreach (var (result, count) in new[] { ("answered", names.Answered), ("refused", names.Refused), ("forwarded", names.Forwarded), ("failed", names.Failed) })
            text.Counter("keyhole_relay_name_queries_total", "Queries of stock apps for names, by what became of them.", count, ("result", result));
    }

    private static void Write(PrometheusText text, TlsSnapshot tls)
    {
        text.Gauge("keyhole_tls_listening", "1 while TCP is listened on.", tls.Listen is null ? 0 : 1);
        text.Gauge("keyhole_tls_connections", "TCP connections of all kinds.", tls.ConnectionCount);
        text.Gauge("keyhole_tls_agents", "TLS connections of agents.", tls.StreamCount);
        text.Counter("keyhole_tls_received_datagrams_total", "Datagrams that came by TLS.", tls.ReceivedCount);
        text.Counter("keyhole_tls_sent_datagrams_total", "Datagrams that left by TLS.", tls.SentCount);
        text.Counter("keyhole_tls_dropped_datagrams_total", "Datagrams for TLS that found too much waiting.", tls.DroppedCount);
        text.Counter("keyhole_tls_gone_datagrams_total", "Datagrams for TLS connections that had ended.", tls.GoneCount);
        text.Counter("keyhole_tls_blind_packets_total", "Datagrams between two agents that came by TLS, sent on unseen.", tls.ForwardedCount);
        text.Counter("keyhole_tls_blind_bytes_total", "Their bytes.", tls.ForwardedBytes);
        foreach (var (name, count) in tls.Events)
            text.Counter("keyhole_tls_events_total", "What happened to TCP connections.", count, ("event", name));
    }

    private static void WriteSockets(PrometheusText text, string name, string help, RelaySnapshot snapshot, Func<DatagramCounters, long> count) =>
        WriteThreads(text, name, help, snapshot, thread => count(thread.Socket));

    private static void WriteThreads(PrometheusText text, string name, string help, RelaySnapshot snapshot, Func<ThreadSnapshot, long> count)
    {
        for (int i = 0; i < snapshot.Threads.Count; i++)
            text.Counter(name, help, count(snapshot.Threads[i]), ("thread", $"{i}"));
    }
}
