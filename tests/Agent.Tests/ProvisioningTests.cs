using System.Net;
using System.Text;
using Keyhole.Contracts;

namespace Keyhole.Agent.Tests;

/// <summary>A provisioning key becomes an ID and secret once, and is not needed again.</summary>
public sealed class ProvisioningTests : IDisposable
{
    private const string Good = """{"organisation":"acme","kind":"connector","name":"office-2","id":"connector-abc","secret":"keyhole_s3cret","approved":false}""";

    private readonly TestFolder _folder = new();
    private readonly StringWriter _error = new();
    private readonly Dictionary<string, string> _environment = [];
    private readonly List<string> _asked = [];
    private AgentStart? _start;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Promise", "A7")]
    public async Task The_first_start_trades_the_key_and_the_next_ones_find_the_credential_on_disk()
    {
        using var control = Listen(out string endpoint);
        var serving = ServeAsync(control, (503, "{}"), (201, Good));
        await RunAsync(AgentKind.Connector, endpoint, "--provisioning-key", "-", "--provisioning-name", "office-2");
        await serving;
        Assert.Equal(("connector-abc", "keyhole_s3cret"), (_start!.Options.Id, _start.Options.Secret.Expose()));
        Assert.Equal("""{"key":"khp_key","name":"office-2"}""", _asked[1]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["data/credential.json"]));
        Assert.Contains("office-2 of acme; it waits for somebody to approve it", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("khp_key", _error.ToString(), StringComparison.Ordinal);

        control.Stop();
        await RunAsync(AgentKind.Connector, endpoint, "--provisioning-key", "-");
        Assert.Equal("connector-abc", _start!.Options.Id);
        File.SetUnixFileMode(_folder["data/credential.json"], UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal(1, await RunAsync(AgentKind.Connector, endpoint, "--provisioning-key", "-"));
        Assert.Contains("is open to other users", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_Control_refuses_ends_the_program_with_the_reason_and_keeps_nothing()
    {
        using var control = Listen(out string endpoint);
        var serving = ServeAsync(control, (401, """{"detail":"The provisioning key is unknown, used up, or over.\u001b[31m"}"""));
        Assert.Equal(1, await RunAsync(AgentKind.Machine, endpoint, "--provisioning-key-file", _folder.Write("key", "khp_key\n")));
        await serving;
        Assert.Contains("does not take the provisioning key: The provisioning key is unknown, used up, or over.\\x1b[31m", _error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["data/credential.json"]));
        Assert.Null(_start);
    }

    [Fact]
    public async Task A_key_beside_an_ID_on_the_command_line_or_for_a_relay_is_an_error()
    {
        _environment["KEYHOLE_ID"] = "x";
        Assert.Equal(1, await RunAsync(AgentKind.Connector, "http://127.0.0.1:1", "--provisioning-key", "-"));
        Assert.Contains("--id and a provisioning key are both given", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync(AgentKind.Connector, "http://127.0.0.1:1", "--provisioning-key", "khp_key"));
        Assert.Contains("whoever lists processes", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, await RunAsync(AgentKind.Relay, "http://127.0.0.1:1", "--provisioning-key", "-"));
    }

    private Task<int> RunAsync(AgentKind kind, string endpoint, params string[] more)
    {
        _start = null;
        _error.GetStringBuilder().Clear();
        var definition = new AgentDefinition("keyhole-test", kind, "A test.", [], start =>
        {
            _start = start;
            throw new AgentException("far enough");
        });
        return AgentProgram.RunAsync(definition, ["--endpoint", endpoint, "--data", _folder["data"], .. more], _environment.GetValueOrDefault, new StringReader("khp_key\n"), TextWriter.Null, _error);
    }

    private static HttpListener Listen(out string endpoint)
    {
        // The port that was free a moment ago is taken in the next one by nobody, or another is tried.
        while (true)
        {
            using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            endpoint = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener { Prefixes = { endpoint } };
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException)
            {
                listener.Close();
            }
        }
    }

    /// <summary>Answers one request after the other, and notes what was asked.</summary>
    private async Task ServeAsync(HttpListener listener, params (int Status, string Body)[] answers)
    {
        foreach (var (status, body) in answers)
        {
            var context = await listener.GetContextAsync();
            using var reader = new StreamReader(context.Request.InputStream);
            _asked.Add(await reader.ReadToEndAsync());
            Assert.Equal("/api/v1/provision", context.Request.Url!.AbsolutePath);
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
    }
}
