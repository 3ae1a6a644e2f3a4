using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Edge.Tests.Tls;

/// <summary>The agent's side of TLS against a server of the framework, over loopback. The test's thread is the data thread.</summary>
public sealed class RelayStreamsTests : IDisposable
{
    private static readonly IpEndpoint Endpoint = new(IpAddress.DiscardOnly(1), 443);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EventLoop _loop = EventLoop.Open();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly ReceiveBatch _batch = new(16, 65_536);
    private readonly List<bool> _changes = [];
    private readonly RelayStreams _streams;

    public RelayStreamsTests()
    {
        _listener.Start();
        _streams = new RelayStreams(_loop, (endpoint, isOpen) =>
        {
            Assert.Equal(Endpoint, endpoint);
            _changes.Add(isOpen);
        });
    }

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Dispose();
        _listener.Dispose();
        _certificate.Dispose();
        _batch.Dispose();
    }

    [Fact]
    [Trait("Promise", "A9")]
    public void Datagrams_pass_both_ways_and_what_was_queued_leaves_before_the_end()
    {
        var serving = ServeAsync(echoes: true);
        _streams.Open(Endpoint, Tls(Pin()));
        Until(() => _changes.Count == 1);
        Assert.Equal([true], _changes);
        int bytes = 0;
        for (int round = 0; round < 20; round++)
        {
            // A machine that stops for 50 ms here makes the last ones late, and late ones are dropped.
            long before = _streams.SentCount;
            for (int i = 0; i < 10; i++)
                _streams.Send(Endpoint, Datagram(round, i));
            _streams.Flush();
            var got = new List<byte[]>();
            Until(() =>
            {
                while (_streams.TryReceive(_batch))
                {
                    foreach (var datagram in _batch.Datagrams)
                        got.Add(datagram.First.ToArray());
                }

                return got.Count == _streams.SentCount - before;
            });
            bytes += got.Sum(datagram => datagram.Length + DatagramFraming.HeadLength);
            Assert.All(got.Select((bytes, i) => (bytes, i)), pair => Assert.Equal(Datagram(round, pair.i), pair.bytes));
        }

        Assert.Equal(200, _streams.SentCount + _streams.DropCount);
        Assert.Equal(_streams.SentCount, _streams.ReceivedCount);
        long dropped = _streams.DropCount;
        _streams.Send(Endpoint, [1, 2, 3]);
        _streams.Close(Endpoint);
        Assert.Equal(bytes + 3 + DatagramFraming.HeadLength, Wait(serving));
        _streams.Send(Endpoint, [1]);
        Assert.Equal(dropped + 1, _streams.DropCount);
        Assert.Equal([true], _changes);
    }

    [Fact]
    public void With_a_pin_another_key_is_refused_and_nobody_is_told_that_it_stands()
    {
        var serving = ServeAsync(echoes: true);
        _streams.Open(Endpoint, Tls(Convert.ToBase64String(new byte[32])));
        Until(() => _changes.Count == 1);
        Assert.Equal([false], _changes);
        Assert.NotNull(_streams.FailureOf(Endpoint));
        Assert.Equal(0, Wait(serving));
    }

    [Fact]
    public void Without_a_pin_a_certificate_that_nobody_vouches_for_is_refused()
    {
        var serving = ServeAsync(echoes: true);
        _streams.Open(Endpoint, Tls(pin: null));
        Until(() => _changes.Count == 1);
        Assert.Equal([false], _changes);
        Assert.Equal(0, Wait(serving));
    }

    [Fact]
    public void A_server_that_speaks_another_protocol_is_no_relay()
    {
        var serving = ServeAsync(echoes: true, "h2");
        _streams.Open(Endpoint, Tls(Pin()));
        Until(() => _changes.Count == 1);
        Assert.Equal([false], _changes);
        Wait(serving);
    }

    [Fact]
    public void The_end_of_the_connection_is_told_once_and_garbage_is_an_end()
    {
        var serving = ServeAsync(echoes: false, reply: [0, 0, 1, 2]);
        _streams.Open(Endpoint, Tls(Pin()));
        Until(() =>
        {
            _streams.TryReceive(_batch);
            return _changes.Count == 2;
        });
        Assert.Equal([true, false], _changes);
        Assert.Contains("something else than datagrams", _streams.FailureOf(Endpoint), StringComparison.Ordinal);
        Wait(serving);
    }

    [Fact]
    public void Where_nobody_listens_it_is_told_and_the_next_endpoint_is_tried()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var nobody = (IPEndPoint)free.LocalEndpoint;
        free.Stop();
        _streams.Open(Endpoint, new RelayTls([nobody.ToString()], null));
        Until(() => _changes.Count == 1);
        Assert.Equal([false], _changes);
        Assert.NotNull(_streams.FailureOf(Endpoint));

        var serving = ServeAsync(echoes: true);
        _streams.Open(Endpoint, new RelayTls([nobody.ToString(), _listener.LocalEndpoint.ToString()!], Pin()));
        Until(() => _changes.Count == 2);
        Assert.True(_changes[1]);
        Assert.Null(_streams.FailureOf(Endpoint));
        _streams.Close(Endpoint);
        Wait(serving);
    }

    private static byte[] Datagram(int round, int number)
    {
        byte[] datagram = new byte[round % 2 == 0 ? 1200 : 40 + number];
        datagram.AsSpan().Fill((byte)(round * 10 + number));
        return datagram;
    }

    private RelayTls Tls(string? pin) => new([_listener.LocalEndpoint.ToString()!], pin);

    private string Pin() => Convert.ToBase64String(SHA256.HashData(_certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>One connection to its end: how many bytes came.</summary>
    private async Task<int> ServeAsync(bool echoes, string protocol = "keyhole", byte[]? reply = null)
    {
        using var socket = await _listener.AcceptSocketAsync();
        using var tls = new SslStream(new NetworkStream(socket));
        int count = 0;
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ApplicationProtocols = [new SslApplicationProtocol(protocol)],
            });
            if (reply is not null)
                await tls.WriteAsync(reply);
            byte[] buffer = new byte[65_536];
            for (int length; (length = await tls.ReadAsync(buffer)) > 0; count += length)
            {
                if (echoes)
                    await tls.WriteAsync(buffer.AsMemory(0, length));
            }
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client went, which is what the test is about.
        }

        return count;
    }

    private void Until(Func<bool> condition)
    {
        long end = MonotonicClock.Now + (long)Patience.TotalMicroseconds;
        while (!condition())
        {
            Assert.True(MonotonicClock.Now < end, "in vain");
            _loop.RunOnce(MonotonicClock.Now + 50_000);
        }
    }

    private static int Wait(Task<int> serving)
    {
        Assert.True(serving.Wait(Patience));
        return serving.Result;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=relay", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
