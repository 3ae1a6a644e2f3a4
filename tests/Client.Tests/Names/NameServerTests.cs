using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests.Names;

public sealed class NameServerTests : IAsyncDisposable
{
    private static readonly NameTable Granted = new([new ResourceRow(1, 1, "web", "192.168.1.20", ["100.96.0.1/32"], "web.acme", [], [], true)]);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly NameCounters _counters = new();
    private readonly FakeUpstream _upstream = new();
    private readonly NameServer _server;

    public NameServerTests()
    {
        _server = new NameServer(new IPEndPoint(IPAddress.Parse("127.100.64.53"), 0), _counters) { Names = Granted };
        _server.Forwarder.Servers = [_upstream.Endpoint];

        // A test program that stands still is no server that is gone, which is asked again.
        _server.Forwarder.PatienceWithServer = Patience;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _upstream.Dispose();
    }

    [Fact]
    [Trait("Promise", "D9")]
    public async Task Granted_names_are_answered_here_and_the_others_by_the_server_of_before()
    {
        byte[] granted = await AskAsync(Query("web.acme"));
        Assert.Equal("100.96.0.1", AddressIn(granted));
        Assert.Empty(_upstream.Asked);

        byte[] query = Query("eXample.com");
        byte[] other = await AskAsync(query);
        Assert.Equal(FakeUpstream.Response(query), other);
        var asked = Assert.Single(_upstream.Asked);
        Assert.Equal(query[2..], asked.Query[2..]);

        // The same over TCP.
        Assert.Equal("100.96.0.1", AddressIn(await AskStreamAsync(Query("web.acme"))));
        Assert.Equal(FakeUpstream.Response(query), await AskStreamAsync(query));
        Assert.Equal((2, 2, 0, 0), (_counters.Answered, _counters.Forwarded, _counters.Failed, _counters.Dropped));
    }

    [Fact]
    [Trait("Promise", "A1")]
    public async Task A_revoked_name_is_not_answered_any_more()
    {
        _server.Names = NameTable.None;
        Assert.Equal(FakeUpstream.Response(Query("web.acme")), await AskAsync(Query("web.acme")));
        Assert.Single(_upstream.Asked);
    }

    [Fact]
    public async Task Each_query_goes_on_with_an_identifier_and_a_port_that_nobody_can_know()
    {
        for (int count = 0; count < 20; count++)
            await AskAsync(Query("example.com"));
        Assert.True(_upstream.Asked.Select(asked => BinaryPrimitives.ReadUInt16BigEndian(asked.Query)).Distinct().Count() > 10);
        Assert.True(_upstream.Asked.Select(asked => asked.Source.Port).Distinct().Count() > 10);
    }

    [Fact]
    [Trait("Threat", "25")]
    public async Task An_answer_to_something_else_is_not_taken()
    {
        _upstream.Answers = query =>
        {
            byte[] right = FakeUpstream.Response(query);
            byte[] otherId = [.. right];
            otherId[0] ^= 1;
            byte[] otherName = [.. right];
            otherName[13] ^= 1;
            byte[] otherType = [.. right];
            otherType[^3] ^= 1;
            right[3] |= DnsResponseCode.NoSuchName;
            return [otherId, otherName, otherType, query, [], [1, 2, 3], right];
        };
        byte[] answer = await AskAsync(Query("example.com"));
        Assert.Equal(DnsResponseCode.NoSuchName, answer[3] & 0xF);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_passed_over_and_remembered()
    {
        IPEndPoint gone;
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse("127.100.64.99"), 0));
            gone = (IPEndPoint)socket.LocalEndPoint!;
        }

        _server.Forwarder.Servers = [gone, _upstream.Endpoint];
        Assert.Equal(0, (await AskAsync(Query("example.com")))[3] & 0xF);
        Assert.Equal(0, (await AskAsync(Query("example.com")))[3] & 0xF);
        Assert.Equal(2, _counters.Forwarded);

        _server.Forwarder.Servers = [gone];
        Assert.Equal(DnsResponseCode.ServerFailure, (await AskAsync(Query("example.com")))[3] & 0xF);
        _server.Forwarder.Servers = [];
        Assert.Equal(DnsResponseCode.ServerFailure, (await AskStreamAsync(Query("example.com")))[3] & 0xF);
        Assert.Equal(2, _counters.Failed);
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.Refused)]
    public async Task After_a_server_that_fails_or_refuses_the_next_one_is_asked(int code)
    {
        using var failing = new FakeUpstream();
        failing.Answers = query =>
        {
            byte[] response = FakeUpstream.Response(query);
            response[3] |= (byte)code;
            return [response];
        };
        _server.Forwarder.Servers = [failing.Endpoint, _upstream.Endpoint];
        Assert.Equal(0, (await AskAsync(Query("example.com")))[3] & 0xF);
        Assert.Equal(0, (await AskStreamAsync(Query("example.org")))[3] & 0xF);

        // The last one's answer counts, and a single one is asked once.
        _server.Forwarder.Servers = [failing.Endpoint];
        failing.Asked.Clear();
        Assert.Equal(code, (await AskAsync(Query("example.com")))[3] & 0xF);
        Assert.Single(failing.Asked);
    }

    [Fact]
    public async Task A_query_that_comes_back_in_a_circle_ends()
    {
        _server.Forwarder.Servers = [_server.Endpoint];
        byte[] answer = await AskAsync(Query("example.com"));
        Assert.Equal(DnsResponseCode.ServerFailure, answer[3] & 0xF);
        Assert.InRange(_counters.Failed, 1, 200);

        // Nothing of it stays.
        _server.Forwarder.Servers = [_upstream.Endpoint];
        Assert.Equal(0, (await AskAsync(Query("example.com")))[3] & 0xF);
    }

    [Fact]
    [Trait("Threat", "25")]
    public async Task What_is_longer_than_the_asker_takes_is_cut_and_comes_whole_over_TCP()
    {
        _upstream.Answers = query => [FakeUpstream.Response(query, 600)];
        byte[] cut = await AskAsync(Query("example.com"));
        Assert.True(DnsView.TryParse(cut, out var view));
        Assert.True(view is { IsTruncated: true, IsResponse: true, QuestionCount: 1 });
        byte[] edns = [.. Query("example.com"), 0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, 0];
        edns[11] = 1;
        Assert.Equal(600, (await AskAsync(edns)).Length);
        _upstream.Answers = query => [FakeUpstream.Response(query, 60_000)];
        Assert.Equal(60_000, (await AskStreamAsync(Query("example.com"))).Length);
    }

    [Fact]
    [Trait("Threat", "25")]
    public async Task Noise_gets_no_answer_and_stops_nobody()
    {
        using var socket = Open();
        var random = new Random(TestSeed.Next());
        for (int count = 0; count < 100; count++)
        {
            // Short enough that the socket's buffer holds all of them.
            byte[] noise = new byte[random.Next(0, 100)];
            random.NextBytes(noise);
            if (noise.Length > 2)
                noise[2] |= 0x80;
            socket.Send(noise);
        }

        Assert.Equal("100.96.0.1", AddressIn(await AskAsync(Query("web.acme"))));
        Assert.Equal(0, socket.Available);
        Assert.Empty(_upstream.Asked);

        // A connection that says nothing holds nobody up.
        using var silent = new TcpClient();
        await silent.ConnectAsync(_server.Endpoint);
        Assert.Equal("100.96.0.1", AddressIn(await AskStreamAsync(Query("web.acme"))));
    }

    private async Task<byte[]> AskAsync(byte[] query)
    {
        using var socket = Open();
        using var patience = new CancellationTokenSource(Patience);
        await socket.SendAsync(query);
        byte[] answer = new byte[4096];
        return answer[..await socket.ReceiveAsync(answer, patience.Token)];
    }

    private async Task<byte[]> AskStreamAsync(byte[] query)
    {
        using var client = new TcpClient();
        using var patience = new CancellationTokenSource(Patience);
        await client.ConnectAsync(_server.Endpoint, patience.Token);
        var stream = client.GetStream();
        await stream.WriteAsync((byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query], patience.Token);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, patience.Token);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, patience.Token);
        return answer;
    }

    private Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(_server.Endpoint);
        return socket;
    }

    private static string AddressIn(byte[] response)
    {
        Assert.True(DnsView.TryParse(response, out var view));
        var records = view.Records;
        Assert.True(records.MoveNext());
        Assert.True(records.Current.TryGetAddress(out var address));
        return address.ToString();
    }

    private static byte[] Query(string name) =>
    [
        0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, 0, 1, 0, 1,
    ];
}
