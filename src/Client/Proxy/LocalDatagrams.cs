using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>The buffers that all UDP sockets of the proxy's local side share: one thread serves them one after the other.</summary>
internal sealed class LocalDatagrams : IDisposable
{
    /// <summary>A receive with offload brings up to 64 KiB in one message; without it a datagram may be as long.</summary>
    private const int ReceiveCapacity = 16;
    private const int LongestMessage = 65_536;

    private ReceiveBatch? _received;
    private SendBatch? _answers;
    private IDatagramSocket? _socket;

    /// <summary>Where a socket receives; what it holds is gone with the next receive of any socket.</summary>
    public ReceiveBatch Received => _received ??= new ReceiveBatch(ReceiveCapacity, LongestMessage);

    /// <summary>Opens a socket of this machine.</summary>
    /// <exception cref="NetworkException">The port is in use, or the address is not this machine's.</exception>
    public static IDatagramSocket Open(in IpEndpoint local) => DatagramSockets.Open(new DatagramSocketOptions { Local = local, BufferLength = 1 << 20 });

    /// <summary>Gathers one datagram of two parts, to leave with the next <see cref="Flush"/> at the latest.</summary>
    public void Send(IDatagramSocket socket, in IpEndpoint destination, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        if (!ReferenceEquals(socket, _socket))
            Flush();
        _socket = socket;
        _answers ??= new SendBatch(capacity: 256);
        int length = header.Length + payload.Length;
        if (!_answers.TryReserve(length, out var slot))
        {
            Flush();
            _socket = socket;
            _answers.TryReserve(length, out slot);
        }

        header.CopyTo(slot);
        payload.CopyTo(slot[header.Length..]);
        _answers.Commit(destination, length);
    }

    /// <summary>Sends what was gathered; at the end of every turn, and before a socket is closed.</summary>
    public void Flush()
    {
        if (_answers is { IsEmpty: false })
            _socket!.Send(_answers);
        _socket = null;
    }

    public void Dispose()
    {
        _received?.Dispose();
        _answers?.Dispose();
    }
}
