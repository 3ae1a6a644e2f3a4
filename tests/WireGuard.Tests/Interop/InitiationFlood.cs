using System.Net;
using System.Net.Sockets;

namespace Keyhole.WireGuard.Tests;

/// <summary>Initiations with a valid mac1 and nothing else, from a socket beside our node, until disposed: the stock node is under load.</summary>
internal sealed class InitiationFlood : IDisposable
{
    private readonly Socket _socket;
    private readonly Thread _thread;
    private volatile bool _stop;

    public InitiationFlood(StockPeer lab)
    {
        _socket = lab.Ours.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var destination = new IPEndPoint(lab.StockEndpoint.Address.ToIPAddress(), lab.StockEndpoint.Port);
        var key = new Mac1Key(lab.Peer.PublicKey);
        using var started = new ManualResetEventSlim();
        _thread = new Thread(() =>
        {
            byte[] message = new byte[InitiationMessage.Length];
            for (uint count = 0; !_stop; count++)
            {
                Message.WriteType(message, MessageType.HandshakeInitiation);
                BitConverter.TryWriteBytes(message.AsSpan(InitiationMessage.SenderIndexOffset), count);
                message.AsSpan(InitiationMessage.EphemeralOffset, 32).Fill((byte)(count | 1));
                key.Write(message);
                _socket.SendTo(message, destination);
                if (count == 5000)
                    started.Set();
                // Bursts: the queue of the stock node fills, and between them others get a word in.
                if (count % 1000 == 999)
                    Thread.Sleep(2);
            }
        });
        _thread.Start();
        started.Wait(TimeSpan.FromSeconds(5));
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _socket.Dispose();
    }
}
