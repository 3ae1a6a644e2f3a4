using System.Net.Sockets;
using System.Text;

namespace Keyhole.Agent.Tests;

public sealed class StatusSocketTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private int _downs;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_word_and_its_argument_arrive_apart()
    {
        var asked = new List<(string, string)>();
        using var socket = Listen((word, argument) =>
        {
            asked.Add((word, argument));
            return "{}";
        });
        foreach (string request in new[] { "status", "explain web.acme:80", "explain a b", "" })
            Assert.Equal("{}", Encoding.UTF8.GetString(await StatusSocket.AskAsync(_folder.Root, request)));
        Assert.Equal([("status", ""), ("explain", "web.acme:80"), ("explain", "a b"), ("", "")], asked);
    }

    [Fact]
    public async Task Down_has_its_answer_when_it_is_obeyed()
    {
        using var socket = Listen((_, _) => "nobody else is asked");
        Assert.Equal("{}", Encoding.UTF8.GetString(await StatusSocket.AskAsync(_folder.Root, StatusSocket.DownRequest)));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _downs) == 1, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_request_without_end_is_cut()
    {
        string? asked = null;
        using var socket = Listen((word, _) =>
        {
            asked = word;
            return "{}";
        });
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(_folder["status.sock"]));
        await client.SendAsync(Enumerable.Repeat((byte)'a', 600).ToArray());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Assert.Equal(2, await client.ReceiveAsync(new byte[10], patience.Token));
        Assert.Equal(512, asked!.Length);
    }

    [Fact]
    public void A_user_who_means_root_s_agent_is_told()
    {
        string services = _folder["lib"];
        string own = _folder["home/keyhole"];
        Assert.Equal("", StatusSocket.RootsAgent(own, isRoot: false, services));
        string roots = Directory.CreateDirectory(Path.Combine(services, "keyhole")).FullName;
        Assert.Contains($"{roots}: its agent is asked with sudo", StatusSocket.RootsAgent(own, isRoot: false, services), StringComparison.Ordinal);
        Assert.Contains("sudo", StatusSocket.RootsAgent(own + "/", isRoot: false, services), StringComparison.Ordinal);
        Assert.Equal("", StatusSocket.RootsAgent(own, isRoot: true, services));
        Assert.Equal("", StatusSocket.RootsAgent(roots, isRoot: false, services));
    }

    [Fact]
    public void Only_the_own_user_and_root_are_heard()
    {
        Assert.True(PeerCredentials.IsAllowed(1000, 1000));
        Assert.True(PeerCredentials.IsAllowed(0, 1000));
        Assert.False(PeerCredentials.IsAllowed(1001, 1000));
        Assert.False(PeerCredentials.IsAllowed(1000, 0));
        Assert.False(PeerCredentials.IsAllowed(uint.MaxValue, uint.MaxValue));
    }

    private StatusSocket Listen(Func<string, string, string> answer) =>
        new(_folder["status.sock"], () => _downs++, (word, argument) => ValueTask.FromResult(Encoding.UTF8.GetBytes(answer(word, argument))));
}
