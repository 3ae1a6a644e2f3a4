using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>
/// Our device on a UDP socket inside a host of the lab: one thread that receives, ticks and follows its peer as a stock node does. It answers
/// pings and UDP to port 7 to its inner addresses, and keeps every other packet for the test.
/// </summary>
internal sealed class SocketNode : IDatagramOutput, IDisposable
{
    public const ushort EchoPort = 7;

    private readonly NetworkNamespace _host;
    private readonly Lock _lock = new();
    private readonly Thread _thread;
    private readonly Queue<byte[]> _packets = new();
    private readonly PrivateKey _privateKey = PrivateKey.Generate(RandomSource.System);
    private Socket _socket;
    private volatile bool _stop;

    public SocketNode(NetworkNamespace host, ushort port, TimerSchedule schedule, LoadPolicy? loadPolicy = null)
    {
        _host = host;
        Device = new Device(new DeviceOptions
        {
            PrivateKey = _privateKey,
            RandomSource = RandomSource.System,
            Output = this,
            TimestampAtZero = Tai64n.FromUnixMicroseconds((DateTime.UtcNow - DateTime.UnixEpoch).Ticks / 10 - Now),
            TimerSchedule = schedule,
            LoadPolicy = loadPolicy ?? LoadPolicy.Standard,
            Mtu = 1420,
        });
        _socket = Open(port);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public static long Now => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);

    public Device Device { get; }

    public int SessionCount { get; private set; }

    public int EchoedCount { get; private set; }

    /// <summary>Type of every handshake message and cookie that came in.</summary>
    public List<MessageType> Handshakes { get; } = [];

    /// <summary>Runs on the device while the node's thread waits.</summary>
    public T Do<T>(Func<Device, T> action)
    {
        lock (_lock)
            return action(Device);
    }

    /// <summary>Seals a packet and sends it to the peer's endpoint.</summary>
    public SealKind SendPacket(Peer peer, ReadOnlySpan<byte> packet)
    {
        byte[] buffer = new byte[packet.Length + 64];
        packet.CopyTo(buffer.AsSpan(16));
        lock (_lock)
        {
            var result = Device.Seal(peer, buffer, packet.Length, Now);
            if (result.Kind == SealKind.Sealed && peer.Endpoint is { } endpoint)
                SendTo(buffer.AsSpan(0, result.Length), endpoint);
            return result.Kind;
        }
    }

    /// <summary>The next packet that was not answered here.</summary>
    public byte[]? TakePacket(TimeSpan timeout)
    {
        var clock = Stopwatch.StartNew();
        do
        {
            lock (_lock)
            {
                if (_packets.TryDequeue(out byte[]? packet))
                    return packet;
            }

            Thread.Sleep(1);
        }
        while (clock.Elapsed < timeout);
        return null;
    }

    /// <summary>Goes on from another port, as after a change of networks.</summary>
    public void MoveTo(ushort port)
    {
        lock (_lock)
        {
            var old = _socket;
            _socket = Open(port);
            old.Dispose();
        }
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => SendTo(datagram, destination);

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _socket.Dispose();
        Device.Dispose();
        _privateKey.Dispose();
    }

    private Socket Open(ushort port) => _host.Enter(() =>
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true, ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    });

    private void Run()
    {
        byte[] buffer = new byte[65536];
        while (!_stop)
        {
            var socket = _socket;
            try
            {
                if (socket.Poll(2000, SelectMode.SelectRead))
                {
                    EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
                    int length = socket.ReceiveFrom(buffer, ref from);
                    var source = (IPEndPoint)from;
                    lock (_lock)
                        Receive(buffer, length, new IpEndpoint(IpAddress.From(source.Address), (ushort)source.Port));
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The socket moved, or the kernel reports an ICMP error of an earlier datagram: the next round uses what is there then.
            }

            lock (_lock)
            {
                if (Device.NextDeadline <= Now)
                    Device.Tick(Now);
                while (Device.TryDequeueEvent(out var deviceEvent))
                    SessionCount += deviceEvent.Kind == DeviceEventKind.SessionEstablished ? 1 : 0;
            }
        }
    }

    private void Receive(byte[] buffer, int length, IpEndpoint source)
    {
        var result = Device.Receive(buffer.AsSpan(0, length), source, Now);
        if (result.Kind == ReceiveKind.Handshake || result.DropReason == DropReason.CookieRequired)
            Handshakes.Add(result.MessageType);
        if (result.Peer is not { } peer)
            return;
        peer.Endpoint = source;
        if (result.Kind != ReceiveKind.Packet)
            return;
        byte[] packet = buffer.AsSpan(result.Offset, result.Length).ToArray();
        if (Answer(packet) is { } answer)
        {
            EchoedCount++;
            SendPacket(peer, answer);
        }
        else
        {
            _packets.Enqueue(packet);
        }
    }

    private static byte[]? Answer(byte[] packet)
    {
        if (!IpView.TryParse(packet, out var ip))
            return null;
        var (from, to) = (ip.Destination, ip.Source);
        byte[] answer = new byte[packet.Length];
        ip.Payload.CopyTo(answer.AsSpan(ip.HeaderLength));
        var transport = answer.AsSpan(ip.HeaderLength);
        if (ip.Protocol == IpProtocol.Icmp && IcmpView.TryParse(ip.Payload, out var icmp) && icmp.IsEchoRequest)
            IcmpMessage.WriteEchoReply(transport, from, to, icmp.Identifier, icmp.SequenceNumber);
        else if (ip.Protocol == IpProtocol.Icmpv6 && Icmpv6View.TryParse(ip.Payload, out var icmpv6) && icmpv6.IsEchoRequest)
            IcmpMessage.WriteEchoReply(transport, from, to, icmpv6.Identifier, icmpv6.SequenceNumber);
        else if (ip.Protocol == IpProtocol.Udp && UdpView.TryParse(ip.Payload, out var udp) && udp.DestinationPort == EchoPort)
            UdpHeader.Write(transport, from, EchoPort, to, udp.SourcePort);
        else
            return null;
        IpHeader.Write(answer, from, to, ip.Protocol, transport.Length);
        return answer;
    }

    private void SendTo(ReadOnlySpan<byte> datagram, in IpEndpoint destination)
    {
        try
        {
            _socket.SendTo(datagram, SocketFlags.None, new IPEndPoint(destination.Address.ToIPAddress().MapToIPv6(), destination.Port));
        }
        catch (SocketException)
        {
            // Lost, like any datagram.
        }
    }
}
