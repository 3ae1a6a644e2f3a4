using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client.Tests;

/// <summary>Against a server that stands for Control.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SshSigningTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-signing").FullName;
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate(RandomSource.System);
    private readonly HttpListener _control;
    private readonly List<(string Path, JsonObject Body)> _asked = [];
    private Func<string, JsonObject, (int Status, JsonObject Body)> _answer = (_, _) => (500, []);

    public SshSigningTests()
    {
        (_control, Endpoint) = Listen();
        _ = ServeAsync();
    }

    private Uri Endpoint { get; }

    private SshPublicKey Key => SshPublicKey.FromEd25519(_key.PublicKey);

    public void Dispose()
    {
        _control.Close();
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    [Trait("Promise", "B2")]
    public async Task The_public_key_is_all_of_the_key_that_Control_gets()
    {
        LogIn(enrolled: true);
        _answer = (_, _) => (200, SshSamples.Answer(Key));
        Assert.Equal("ada", (await SshSigning.SignAsync(_directory, SshTarget.Parse("VM-01"), Key, isPasswordWanted: false)).Username);
        var (path, body) = Assert.Single(_asked);
        Assert.Equal("/api/v1/orgs/acme/ssh/sign", path);
        Assert.Equal(("vm-01", Key.ToString(), 2), ((string?)body["target"], (string?)body["publicKey"], body.Count));
    }

    [Fact]
    [Trait("Promise", "B16")]
    public async Task A_password_is_asked_for_with_a_key_of_its_own_and_read_by_nobody_on_the_way()
    {
        LogIn(enrolled: true);
        _answer = (_, body) =>
        {
            var answer = SshSamples.Answer(Key);
            answer["sealedPassword"] = SealedBox.Seal("correct-horse"u8, (string)body["passwordKey"]!);
            return (200, answer);
        };
        Assert.Equal("correct-horse", (await SshSigning.SignAsync(_directory, SshTarget.Parse("vm-01"), Key, isPasswordWanted: true)).Password);
    }

    /// <summary>Control asks which device a person sits at.</summary>
    [Fact]
    public async Task A_machine_that_is_no_device_yet_becomes_one()
    {
        LogIn(enrolled: false);
        _answer = (path, _) => path.EndsWith("/devices", StringComparison.Ordinal) ? (201, new JsonObject { ["id"] = "device-1", ["secret"] = "keyhole_secret" }) : (200, SshSamples.Answer(Key));
        await SshSigning.SignAsync(_directory, SshTarget.Parse("vm-01"), Key, isPasswordWanted: false);
        Assert.Equal(["/api/v1/orgs/acme/devices", "/api/v1/orgs/acme/ssh/sign"], _asked.Select(asked => asked.Path));
        Assert.True(LoginRecord.Load(_directory)!.Devices.ContainsKey("acme"));
    }

    [Theory]
    [Trait("Promise", "B10")]
    [InlineData(403, "vm-01 is not granted to you: ask for a grant.", "vm-01 is not granted to you: ask for a grant.")]
    [InlineData(404, "There is no vm-02 here.", "There is no vm-02 here.")]
    [InlineData(401, "Whatever.", "keyhole login")]
    public async Task A_refusal_is_said_in_Controls_own_words(int status, string detail, string said)
    {
        LogIn(enrolled: true);
        _answer = (_, _) => (status, new JsonObject { ["detail"] = detail });
        Assert.Contains(said, (await Refused()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_login_nothing_is_asked()
    {
        Assert.Contains("keyhole login", (await Refused()).Message, StringComparison.Ordinal);
        LogIn(enrolled: true, expires: DateTimeOffset.UtcNow.AddMinutes(-1));
        Assert.Contains("expired", (await Refused()).Message, StringComparison.Ordinal);
        Assert.Empty(_asked);
    }

    /// <summary>As ssh does for what is not the command's.</summary>
    [Theory]
    [InlineData("ssh", "vm-01", "id")]
    [InlineData("ssh", "-J", "jump", "vm-01")]
    [InlineData("ssh")]
    [InlineData("scp", "a", "b")]
    public async Task What_does_not_come_to_a_command_ends_with_255(params string[] words)
    {
        LogIn(enrolled: true);
        _answer = (_, _) => (403, new JsonObject { ["detail"] = "vm-01 is not granted to you." });
        Assert.Equal(255, await SshCommand.RunAsync([words[0], "--data", _directory, .. words[1..]]));
    }

    private Task<AgentException> Refused() => Assert.ThrowsAsync<AgentException>(() => SshSigning.SignAsync(_directory, SshTarget.Parse("vm-01"), Key, isPasswordWanted: false));

    private void LogIn(bool enrolled, DateTimeOffset? expires = null)
    {
        var login = new LoginRecord(Endpoint, "ada@example.com", "token", expires ?? DateTimeOffset.UtcNow.AddDays(1), "acme");
        (enrolled ? login.With("acme", "device-1", "keyhole_secret") : login).Save(_directory);
    }

    /// <summary>A free port may be somebody else's in the next moment: then another one.</summary>
    private static (HttpListener Listener, Uri Endpoint) Listen()
    {
        while (true)
        {
            var listener = new HttpListener();
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, 0);
                probe.Start();
                var endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
                probe.Stop();
                listener.Prefixes.Add(endpoint.AbsoluteUri);
                listener.Start();
                return (listener, endpoint);
            }
            catch (HttpListenerException)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _control.GetContextAsync();
                string path = context.Request.Url!.AbsolutePath;
                if (path.EndsWith("/account", StringComparison.Ordinal))
                {
                    await AnswerAsync(context, 200, new JsonObject { ["organisations"] = new JsonArray("acme") });
                    continue;
                }

                Assert.Equal("Bearer token", context.Request.Headers["Authorization"]);
                using var reader = new StreamReader(context.Request.InputStream);
                var body = JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject();
                _asked.Add((path, body));
                var (status, answer) = _answer(path, body);
                await AnswerAsync(context, status, answer);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task AnswerAsync(HttpListenerContext context, int status, JsonObject answer)
    {
        context.Response.StatusCode = status;
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString()));
        context.Response.Close();
    }
}
