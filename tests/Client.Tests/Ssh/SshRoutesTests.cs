using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Keyhole.Agent;
using Keyhole.Cryptography;

namespace Keyhole.Client.Tests;

/// <summary>Against sockets that speak as a running client does.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SshRoutesTests : IDisposable
{
    private const string Granted = """{"resources":[{"name":"vm-02","alias":null,"overlay":["100.64.0.8"]},{"name":"vm-01","alias":"vm-01.acme.internal","overlay":["fd00::9","100.64.0.9"]}]}""";
    private const string Reached = """{"reachable":true,"reason":null}""";

    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-routes").FullName;
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate(RandomSource.System);
    private readonly SignedKey _signed;

    public SshRoutesTests() => _signed = SshSamples.Signed(_key);

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    [Trait("Promise", "B17")]
    public async Task A_client_with_an_interface_is_used_by_the_overlay_address()
    {
        using var client = Client("""{"program":"keyhole","mode":null}""", Granted, Reached);
        Assert.Equal(new SshRoute("100.64.0.9", null), await SshRoutes.FindAsync([_directory], _signed, 22));
        Assert.Contains("explain 100.64.0.9:22", client.Asked);
    }

    [Fact]
    [Trait("Promise", "B17")]
    public async Task A_client_in_proxy_mode_is_used_through_its_port()
    {
        using var client = Client("""{"program":"keyhole","mode":"proxy","proxy":{"listen":"127.0.0.1:1080"}}""", Granted, Reached);
        Assert.Equal(new SshRoute("100.64.0.9", _directory), await SshRoutes.FindAsync(["/nowhere", _directory], _signed, 22));
    }

    [Fact]
    public async Task A_client_without_a_port_is_named()
    {
        using var client = Client("""{"program":"keyhole","mode":"proxy","proxy":{"listen":null}}""", Granted, Reached);
        Assert.Contains("--listen off", (await Refused([_directory])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_does_not_reach_the_host_says_why()
    {
        using var client = Client("""{"program":"keyhole"}""", Granted, """{"reachable":false,"reason":"no connector of the site berlin answers"}""");
        Assert.Contains("no connector of the site berlin answers", (await Refused([_directory])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_was_granted_other_things_is_named()
    {
        using var client = Client("""{"program":"keyhole"}""", """{"resources":[]}""", Reached);
        Assert.Contains(_directory, (await Refused([_directory])).Message, StringComparison.Ordinal);
    }

    /// <summary>The tunnel is another program's, such as a WireGuard app.</summary>
    [Fact]
    public async Task Where_no_client_runs_a_destination_that_answers_is_used_directly()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var signed = _signed with { Alias = null, Destination = "127.0.0.1", Overlay = [] };
        Assert.Equal(new SshRoute("127.0.0.1", null), await SshRoutes.FindAsync([_directory], signed, ((IPEndPoint)listener.LocalEndpoint).Port));
    }

    /// <summary>Root's client cannot be asked, but it has a route.</summary>
    [Fact]
    public async Task An_overlay_address_that_answers_is_taken_before_the_destination()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var signed = _signed with { Alias = null, Destination = "127.0.0.1", Overlay = [IPAddress.Parse("127.0.0.2")] };
        Assert.Equal(new SshRoute("127.0.0.2", null), await SshRoutes.FindAsync([_directory], signed, ((IPEndPoint)listener.LocalEndpoint).Port));
    }

    [Fact]
    public async Task Where_nobody_holds_a_tunnel_the_way_to_one_is_said()
    {
        // A port that is somebody's who does not listen refuses.
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)bound.LocalEndPoint!).Port;
        var refusal = await Assert.ThrowsAsync<AgentException>(() => SshRoutes.FindAsync([_directory], _signed with { Alias = null, Destination = "127.0.0.1", Overlay = [] }, port));
        Assert.Contains("keyhole up", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_named_directory_comes_first_and_roots_is_asked_too()
    {
        var directories = SshRoutes.Directories(_directory);
        Assert.Equal(_directory, directories[0]);
        Assert.Contains("/var/lib/keyhole", directories);
        Assert.Equal(directories.Distinct(), directories);
    }

    private StatusDouble Client(string status, string list, string explained) => new(_directory, request => request.Split(' ')[0] switch
    {
        "status" => status,
        "list" => list,
        "explain" => explained,
        _ => "{}",
    });

    private Task<AgentException> Refused(string[] directories) => Assert.ThrowsAsync<AgentException>(() => SshRoutes.FindAsync(directories, _signed, 22));

    private sealed class StatusDouble : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly Func<string, string> _answer;

        public StatusDouble(string directory, Func<string, string> answer)
        {
            _answer = answer;
            _listener.Bind(new UnixDomainSocketEndPoint(DataDirectory.StatusSocketIn(directory)));
            _listener.Listen(8);
            _ = ServeAsync();
        }

        public System.Collections.Concurrent.ConcurrentQueue<string> Asked { get; } = new();

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var socket = await _listener.AcceptAsync();
                    await using var stream = new NetworkStream(socket);
                    using var reader = new StreamReader(stream, Encoding.ASCII);
                    string request = await reader.ReadToEndAsync();
                    Asked.Enqueue(request);
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(_answer(request)));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // The test is over.
            }
        }
    }
}
