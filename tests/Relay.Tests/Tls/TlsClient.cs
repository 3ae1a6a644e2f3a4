using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Keyhole.Net;

namespace Keyhole.Relay.Tests.Tls;

/// <summary>An agent's end of a TLS connection, or whoever claims to be one.</summary>
internal sealed class TlsClient : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly SslStream _tls;
    private readonly byte[] _head = new byte[DatagramFraming.HeadLength];

    private TlsClient(SslStream tls) => _tls = tls;

    /// <summary>The key of the certificate that was shown.</summary>
    public byte[] PublicKey { get; private set; } = [];

    public static Socket Dial(IPEndPoint listener)
    {
        var socket = new Socket(listener.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(listener);
        return socket;
    }

    public static async Task<TlsClient> ConnectAsync(IPEndPoint listener, string protocol = "keyhole")
    {
        byte[] key = [];
        var tls = new SslStream(new NetworkStream(Dial(listener), ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "relay.example.com",
            ApplicationProtocols = [new SslApplicationProtocol(protocol)],
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                key = ((System.Security.Cryptography.X509Certificates.X509Certificate2)certificate!).PublicKey.ExportSubjectPublicKeyInfo();
                return key.Length > 0;
            },
        }).WaitAsync(Patience);
        Assert.Equal(protocol, tls.NegotiatedApplicationProtocol.ToString());
        return new TlsClient(tls) { PublicKey = key };
    }

    public async Task SendAsync(params byte[][] datagrams)
    {
        byte[] bytes = new byte[datagrams.Sum(datagram => datagram.Length + DatagramFraming.HeadLength)];
        int length = 0;
        foreach (byte[] datagram in datagrams)
            length += DatagramFraming.Write(datagram, bytes.AsSpan(length));
        await _tls.WriteAsync(bytes).AsTask().WaitAsync(Patience);
    }

    public Task SendRawAsync(byte[] bytes) => _tls.WriteAsync(bytes).AsTask().WaitAsync(Patience);

    public async Task<byte[]> ReceiveAsync()
    {
        await _tls.ReadExactlyAsync(_head).AsTask().WaitAsync(Patience);
        byte[] datagram = new byte[_head[0] << 8 | _head[1]];
        await _tls.ReadExactlyAsync(datagram).AsTask().WaitAsync(Patience);
        return datagram;
    }

    /// <summary>Waits until the other end closes.</summary>
    public async Task EndAsync()
    {
        try
        {
            while (await _tls.ReadAsync(new byte[1024]).AsTask().WaitAsync(Patience) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Closed by a reset.
        }
    }

    public void Dispose() => _tls.Dispose();
}
