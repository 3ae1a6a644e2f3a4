using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;
using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Relay.Tests.Tls;

/// <summary>TLS beside UDP over real sockets of loopback, with a forwarding table that the test has filled.</summary>
public sealed class TlsListenerTests : IAsyncLifetime, IDisposable
{
    private const int Near = 3;
    private const int Far = 5;
    private const uint NearIndex = 0x1111_1111;
    private const uint FarIndex = 0x2222_2222;
    private const int Patience = 30_000;

    private static readonly IpAddress Loopback4 = IpAddress.Parse("127.0.0.1");

    private readonly TestFolder _folder = new();
    private readonly SendBatch _toSend = new();
    private readonly ReceiveBatch _received = new(16, 65_536);
    private readonly RelayLoop _loop = new(new DatagramSocketOptions { Local = new IpEndpoint(Loopback4, 0) }, 1);
    private readonly PrivateKey _key = PrivateKey.Generate(RandomSource.System);
    private readonly IDatagramSocket _near = DatagramSockets.Open(new DatagramSocketOptions { Local = new IpEndpoint(Loopback4, 0) });
    private readonly Agent.DataDirectory _data;
    private readonly RelayState _state;
    private TlsListener _listener = null!;

    public TlsListenerTests()
    {
        _data = Agent.DataDirectory.Open(Path.Combine(_folder.Path, "data"));
        _state = new RelayState(new RelayStateOptions
        {
            PrivateKey = _key,
            RandomSource = RandomSource.System,
            Output = _loop.Output,
            TimestampAtZero = Tai64n.FromUnixMicroseconds(0),
            MaximumAgents = 16,
            MaximumFlows = 16,
        });
        _loop.Start(_state);
    }

    public Task InitializeAsync() => ListenAsync(null);

    public async Task DisposeAsync() => await _listener.DisposeAsync();

    public void Dispose()
    {
        _loop.Dispose();
        _state.Dispose();
        _key.Dispose();
        _near.Dispose();
        _toSend.Dispose();
        _received.Dispose();
        _data.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Trait("Promise", "A9")]
    public async Task Datagrams_pass_between_UDP_and_TLS_unchanged_and_in_order()
    {
        using var far = await ConnectAsync();
        for (int i = 0; i < 200; i++)
        {
            _toSend.TryCopy(_loop.Local, Data(FarIndex, i, Length(i)));
            if (i % 20 == 19)
            {
                _near.Send(_toSend);
                for (int j = i - 19; j <= i; j++)
                    Assert.Equal(Data(FarIndex, j, Length(j)), await far.ReceiveAsync());
            }
        }

        await far.SendAsync([.. Enumerable.Range(0, 100).Select(i => Data(NearIndex, i, i % 5 == 0 ? 64 : 1200))]);
        Assert.Equal(Enumerable.Range(0, 100), ReceiveUdp(100));
        Assert.Equal(100, _listener.Router.Forwarder.ForwardedCount);

        // One length for each burst: it is one message, so that however slow this machine is nothing waits for its neighbours.
        static int Length(int number) => number / 20 % 2 == 0 ? 64 : 1200;
    }

    [Fact]
    public async Task What_goes_to_a_connection_that_has_ended_is_counted_and_nobody_else_gets_its_address()
    {
        var gone = await ConnectAsync();
        var address = Assert.Single(_loop.Streams.All).Endpoint;
        gone.Dispose();
        await UntilAsync(() => _loop.Streams.Count == 0);
        using var other = await TlsClient.ConnectAsync(_listener.Local!);
        await UntilAsync(() => _loop.Streams.Count == 1);
        Assert.NotEqual(address, _loop.Streams.All.Single().Endpoint);
        _toSend.TryCopy(_loop.Local, Data(FarIndex, 0, 64));
        _near.Send(_toSend);
        await UntilAsync(() => _loop.Streams.GoneCount == 1);
    }

    [Fact]
    [Trait("Threat", "12")]
    public async Task Garbage_silence_and_strangers_on_the_port_end_in_time_and_leave_forwarding_alone()
    {
        using var far = await ConnectAsync();
        var idle = Enumerable.Range(0, 80).Select(_ => TlsClient.Dial(_listener.Local!)).ToList();
        Assert.Equal(7, await AskAsync(far, 7));

        // Those that did not fit were refused at once, the others after their time.
        await UntilAsync(() => _listener.Counters[TlsEvent.Refused] + _listener.Counters[TlsEvent.TimedOut] == idle.Count);
        idle.ForEach(socket => socket.Dispose());

        using var http = TlsClient.Dial(_listener.Local!);
        http.Send("GET / HTTP/1.1\r\n\r\n"u8);
        await UntilAsync(() => _listener.Counters[TlsEvent.NotTls] == 1);
        var refused = await Record.ExceptionAsync(() => TlsClient.ConnectAsync(_listener.Local!, "h2"));
        Assert.NotNull(refused);
        Assert.Equal(1, _listener.Counters[TlsEvent.NoFallback]);

        using var liar = await TlsClient.ConnectAsync(_listener.Local!);
        await liar.SendRawAsync([0, 0]);
        await liar.EndAsync();
        Assert.Equal(1, _listener.Counters[TlsEvent.Broken]);

        // Random datagrams are dropped like those that come by UDP, and who is no agent has no connection for long.
        using var stranger = await TlsClient.ConnectAsync(_listener.Local!);
        await stranger.SendAsync([.. Enumerable.Range(DatagramFraming.MinimumLength, 64).Select(RandomNumberGenerator.GetBytes)]);
        await stranger.EndAsync();
        Assert.Equal(1, _listener.Counters[TlsEvent.Unproven]);
        Assert.Equal(9, await AskAsync(far, 9));
    }

    [Fact]
    public async Task Other_protocols_reach_the_fallback_byte_for_byte_behind_a_header_that_says_who_it_is()
    {
        using var fallback = new TcpListener(IPAddress.Loopback, 0);
        fallback.Start();
        await _listener.DisposeAsync();
        await ListenAsync((IPEndPoint)fallback.LocalEndpoint);
        using var browser = TlsClient.Dial(_listener.Local!);
        byte[] hello = [22, 3, 1, 0, 46, 1, 0, 0, 42, 3, 3, .. RandomNumberGenerator.GetBytes(32), 0, 0, 2, 0x13, 1, 1, 0, 0, 0];
        (hello[4], hello[8]) = ((byte)(hello.Length - 5), (byte)(hello.Length - 9));
        byte[] more = RandomNumberGenerator.GetBytes(300_000);
        browser.Send(hello);
        using var behind = await fallback.AcceptSocketAsync().WaitAsync(TlsClient.Patience);
        var writing = browser.SendAsync(more);
        byte[] expected = new byte[ProxyHeader.MaximumLength];
        int header = ProxyHeader.Write(EndpointOf(browser.LocalEndPoint!), EndpointOf(browser.RemoteEndPoint!), expected);
        Array.Resize(ref expected, header);
        Assert.Equal((byte[])[.. expected, .. hello, .. more], await ReadAsync(behind, header + hello.Length + more.Length));
        await writing;
        behind.Send(more);
        behind.Shutdown(SocketShutdown.Send);
        Assert.Equal(more, await ReadAsync(browser, more.Length));
        Assert.Equal(0, await browser.ReceiveAsync(new byte[1]).WaitAsync(TlsClient.Patience));
        browser.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await behind.ReceiveAsync(new byte[1]).WaitAsync(TlsClient.Patience));
        Assert.Equal(1, _listener.Counters[TlsEvent.Spliced]);
        await UntilAsync(() => _listener.Limits.Count == 0);
    }

    [Fact]
    public async Task The_relays_own_certificate_is_made_once_and_known_by_its_pin()
    {
        using var client = await TlsClient.ConnectAsync(_listener.Local!);
        using var again = RelayCertificate.LoadOrCreate(_data);
        Assert.Equal(again.Pin, Convert.ToBase64String(SHA256.HashData(client.PublicKey)));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_data.FullPath, "tls.pem")));
        File.WriteAllText(Path.Combine(_data.FullPath, "tls.pem"), "nonsense");
        Assert.Throws<Agent.AgentException>(() => RelayCertificate.LoadOrCreate(_data));
    }

    [Fact]
    [Trait("Threat", "12")]
    public async Task Who_is_no_agent_brings_no_more_than_a_little()
    {
        using var far = await ConnectAsync();
        using var stranger = await TlsClient.ConnectAsync(_listener.Local!);
        await stranger.SendAsync([.. Enumerable.Range(0, 100).Select(_ => RandomNumberGenerator.GetBytes(1200))]);
        await stranger.EndAsync();
        Assert.Equal(1, _listener.Counters[TlsEvent.Unproven]);
        for (int round = 0; round < 100; round++)
            await far.SendAsync([.. Enumerable.Range(0, 10).Select(i => Data(NearIndex, i, 1200))]);
        Assert.Equal(1000, ReceiveUdp(1000).Count);
        Assert.Equal(1, _listener.Counters[TlsEvent.Unproven]);
    }

    [Fact]
    public async Task An_operators_certificate_that_was_renewed_is_shown_without_a_restart()
    {
        var (certificate, key) = (_folder.File("relay.crt"), _folder.File("relay.key"));
        byte[] first = WritePair(certificate, key, DateTime.UtcNow.AddHours(-2));
        await _listener.DisposeAsync();
        await ListenAsync(null, RelayCertificate.FromFiles(certificate, key));
        Assert.Equal(first, await ShownAsync());
        _listener.Renew();
        Assert.Equal(first, await ShownAsync());

        byte[] second = WritePair(certificate, key, DateTime.UtcNow.AddHours(-1));
        _listener.Renew();
        Assert.Equal(second, await ShownAsync());

        // Half of a renewal: the key is another's.
        File.WriteAllText(key, ECDsa.Create(ECCurve.NamedCurves.nistP256).ExportPkcs8PrivateKeyPem());
        _listener.Renew();
        _listener.Renew();
        Assert.Equal(second, await ShownAsync());
        byte[] third = WritePair(certificate, key, DateTime.UtcNow);
        _listener.Renew();
        Assert.Equal(third, await ShownAsync());
    }

    [LabFact]
    [Trait("Threat", "2")]
    public void Nobody_speaks_for_a_connection_by_writing_its_address_into_a_UDP_datagram()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        host.Ip("-6", "address", "add", "100::7/128", "dev", "lo");
        var (loop, liar) = host.Enter(() => (
            new RelayLoop(new DatagramSocketOptions { Local = new IpEndpoint(IpAddress.Parse("::1"), 0) }, 1),
            DatagramSockets.Open(new DatagramSocketOptions { Local = new IpEndpoint(IpAddress.Parse("100::7"), 443) })));
        using var state = new RelayState(new RelayStateOptions
        {
            PrivateKey = _key,
            RandomSource = RandomSource.System,
            Output = loop.Output,
            TimestampAtZero = Tai64n.FromUnixMicroseconds(0),
            MaximumAgents = 16,
            MaximumFlows = 16,
        });
        using (liar)
        using (loop)
        {
            loop.Start(state);
            Register(loop, _near.Local, liar.Local);
            _toSend.TryCopy(loop.Local, Data(NearIndex, 0, 64));
            liar.Send(_toSend);
            Assert.True(SpinWait.SpinUntil(() => loop.Ask(state => state.DropCount(RelayDropReason.SourceAddress)) == 1, Patience));
            Assert.Equal(0, loop.Threads[0].Forwarder.ForwardedCount);
        }
    }

    private async Task<byte[]> ShownAsync()
    {
        using var client = await TlsClient.ConnectAsync(_listener.Local!);
        return client.PublicKey;
    }

    /// <summary>The public key of a new certificate, written at this instant.</summary>
    private static byte[] WritePair(string certificate, string key, DateTime writtenAt)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=relay.example.com", pair, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(certificate, writtenAt);
        File.SetLastWriteTimeUtc(key, writtenAt);
        return pair.ExportSubjectPublicKeyInfo();
    }

    private async Task ListenAsync(IPEndPoint? fallback, RelayCertificate? certificate = null)
    {
        _listener = new TlsListener(new IPEndPoint(IPAddress.Loopback, 0), fallback, certificate ?? RelayCertificate.LoadOrCreate(_data), _loop, _state, NullLogger.Instance);
        await UntilAsync(() => _listener.Local is not null);
    }

    /// <summary>The far agent, which has proven its connection.</summary>
    private async Task<TlsClient> ConnectAsync()
    {
        var client = await TlsClient.ConnectAsync(_listener.Local!);
        await UntilAsync(() => _loop.Streams.Count == 1);
        Register(_loop, _near.Local, _loop.Streams.All.Single().Endpoint);
        await UntilAsync(() => _listener.IsAddressOfAgent(_loop.Streams.All.Single().Endpoint));
        return client;
    }

    private static void Register(RelayLoop loop, IpEndpoint near, IpEndpoint far) => loop.Ask(state =>
    {
        state.Forwarding.SetAddress(Near, near);
        state.Forwarding.SetAddress(Far, far);
        Assert.Equal(EntryResult.Added, state.Forwarding.AddPair(Near, Far, NearIndex, FarIndex, MonotonicClock.Now));
        return 0;
    });

    /// <summary>There and back.</summary>
    private async Task<int> AskAsync(TlsClient far, int mark)
    {
        _toSend.TryCopy(_loop.Local, Data(FarIndex, mark, 64));
        _near.Send(_toSend);
        byte[] datagram = await far.ReceiveAsync();
        BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(4), NearIndex);
        await far.SendAsync(datagram);
        return Assert.Single(ReceiveUdp(1));
    }

    private List<int> ReceiveUdp(int count)
    {
        var marks = new List<int>();
        while (marks.Count < count)
        {
            Assert.True(_near.Receive(_received, Patience) > 0, $"{marks.Count} of {count} came");
            foreach (var datagram in _received.Datagrams)
                marks.Add(BinaryPrimitives.ReadInt32LittleEndian(datagram.First[8..]));
        }

        return marks;
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int read = 0; read < length;)
        {
            int count = await socket.ReceiveAsync(bytes.AsMemory(read)).AsTask().WaitAsync(TlsClient.Patience);
            Assert.NotEqual(0, count);
            read += count;
        }

        return bytes;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var clock = global::System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.ElapsedMilliseconds < Patience, "in vain");
            await Task.Delay(10);
        }
    }

    private static IpEndpoint EndpointOf(EndPoint endpoint) => new(IpAddress.From(((IPEndPoint)endpoint).Address), (ushort)((IPEndPoint)endpoint).Port);

    private static byte[] Data(uint receiverIndex, int mark, int length)
    {
        byte[] datagram = new byte[length];
        datagram[0] = 4;
        BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(4), receiverIndex);
        BinaryPrimitives.WriteInt32LittleEndian(datagram.AsSpan(8), mark);
        return datagram;
    }
}
