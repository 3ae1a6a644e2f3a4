using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>How a datagram socket is opened.</summary>
public sealed record DatagramSocketOptions
{
    /// <summary>Where to bind. [::] (the default) takes both families; port 0 lets the system choose.</summary>
    public IpEndpoint Local { get; init; }

    /// <summary>False leaves IPv6 out, as happens by itself where the system has none. Default true.</summary>
    public bool Ipv6 { get; init; } = true;

    /// <summary>Several sockets share the port, one thread each; the kernel keeps a flow on one of them. Default off.</summary>
    public bool ReusePort { get; init; }

    /// <summary>Bytes asked for each of the two socket buffers. Default 8 MiB; 208 KiB loses packets in bursts.</summary>
    public int BufferLength { get; init; } = 8 << 20;

    /// <summary>
    /// Longest time that <see cref="IDatagramSocket.Receive"/> polls before it blocks, while datagrams keep coming that
    /// close together. Microseconds; default 0 (off): it trades idle CPU for wake-up latency.
    /// </summary>
    public int SpinMicroseconds { get; init; }

    /// <summary>Default: what <see cref="NetBackends.Default"/> says.</summary>
    public NetBackend? Backend { get; init; }
}
