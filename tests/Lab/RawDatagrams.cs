using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Keyhole.Lab;

/// <summary>Sends UDP over IPv4 from addresses and ports that are not its own, and hears what arrives at a host for whichever port.</summary>
public sealed class RawDatagrams : IDisposable
{
    private const int Ipv4HeaderLength = 20;
    private const int HeaderLength = Ipv4HeaderLength + 8;
    private const int LongestDatagram = 65536;

    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly byte[] _packet = new byte[LongestDatagram];
    private readonly byte[] _heard = new byte[LongestDatagram];

    public RawDatagrams(NetworkNamespace host)
    {
        ArgumentNullException.ThrowIfNull(host);
        (_sender, _receiver) = host.Enter(() =>
        {
            var sender = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp);
            sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
            return (sender, new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 });
        });
    }

    /// <summary>Sends one datagram that claims to come from elsewhere.</summary>
    public void Send(IPEndPoint source, IPEndPoint destination, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        int length = HeaderLength + payload.Length;
        var packet = _packet.AsSpan(0, length);
        packet[..HeaderLength].Clear();
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)length);
        packet[8] = 64;
        packet[9] = 17;
        source.Address.TryWriteBytes(packet[12..], out _);
        destination.Address.TryWriteBytes(packet[16..], out _);
        // The system fills in the header's checksum; UDP's is left out, which IPv4 allows.
        BinaryPrimitives.WriteUInt16BigEndian(packet[20..], (ushort)source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(packet[22..], (ushort)destination.Port);
        BinaryPrimitives.WriteUInt16BigEndian(packet[24..], (ushort)(length - Ipv4HeaderLength));
        payload.CopyTo(packet[HeaderLength..]);
        try
        {
            _sender.SendTo(packet, SocketFlags.None, destination);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            return;
        }
    }

    /// <summary>The next datagram that arrives at the host, or null when none does in time.</summary>
    public (IPEndPoint Source, IPEndPoint Destination, byte[] Payload)? Hear(TimeSpan patience)
    {
        _receiver.ReceiveTimeout = Math.Max(1, (int)patience.TotalMilliseconds);
        int length;
        try
        {
            length = _receiver.Receive(_heard);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            return null;
        }

        var packet = _heard.AsSpan(0, length);
        int header = (packet[0] & 15) * 4;
        return (End(packet.Slice(12, 4), packet[header..]), End(packet.Slice(16, 4), packet[(header + 2)..]), packet[(header + 8)..].ToArray());
    }

    /// <summary>Everything that arrives during this time.</summary>
    public List<(IPEndPoint Source, IPEndPoint Destination, byte[] Payload)> HearAll(TimeSpan duration)
    {
        var heard = new List<(IPEndPoint, IPEndPoint, byte[])>();
        for (var end = DateTime.UtcNow + duration; DateTime.UtcNow < end;)
        {
            if (Hear(end - DateTime.UtcNow) is { } datagram)
                heard.Add(datagram);
        }

        return heard;
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    private static IPEndPoint End(ReadOnlySpan<byte> address, ReadOnlySpan<byte> port) => new(new IPAddress(address), BinaryPrimitives.ReadUInt16BigEndian(port));
}
