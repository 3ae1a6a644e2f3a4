using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Keyhole.Agent;

namespace Keyhole.Client.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class LoginCommandTests : IDisposable
{
    private const string Grant = """{"device_code":"d","user_code":"ABCD-EFGH","verification_uri_complete":"http://c/device","interval":5,"expires_in":600}""";
    private const string Token = """{"access_token":"khs_new","account":"ann@acme.example","expires_in":3600}""";
    private const string Pending = """{"error":"authorization_pending"}""";
    private const string Acme = """{"organisations":["acme"]}""";

    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"keyhole-login-{Guid.NewGuid():N}");
    private readonly StringWriter _output = new();
    private readonly HastyTime _time = new();

    public void Dispose()
    {
        _output.Dispose();
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_question_that_is_lost_on_the_way_is_asked_again_less_often()
    {
        (int, string)?[] answers =
        [
            (400, Pending), null, (502, "<html>"), (429, "{}"), (200, "<html>the wifi's own page"), (503, "{}"), (400, Pending), (400, """{"error":"slow_down"}"""), (400, Pending), (200, Token),
        ];
        using var control = new ControlStub((path, before) => Answer(path) ?? answers[before]);
        Assert.Equal(0, await LoginAsync(control));
        Assert.Equal([5, 5, 10, 20, 30, 30, 30, 5, 10, 10], _time.Waits.Select(wait => (int)wait.TotalSeconds));
        Assert.Equal(("khs_new", "acme"), (LoginRecord.Load(_directory)!.Token, LoginRecord.Load(_directory)!.Organisation));
        Assert.EndsWith("Logged in as ann@acme.example, organisation acme.\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":"access_denied"}""", "turned away")]
    [InlineData("""{"error":"expired_token"}""", "in time")]
    [InlineData("""{"detail":"no such client"}""", "no such client")]
    public async Task A_refusal_ends_it(string refusal, string text)
    {
        using var control = new ControlStub((path, before) => Answer(path) ?? (400, before == 0 ? Pending : refusal));
        Assert.Contains(text, (await Assert.ThrowsAsync<AgentException>(() => LoginAsync(control))).Message, StringComparison.Ordinal);
        Assert.Equal(2, control.Count("login/token"));
    }

    [Theory]
    [InlineData(true, "status 503")]
    [InlineData(false, "Nobody approved the login in time")]
    public async Task Without_an_answer_it_ends_with_the_code(bool isLost, string text)
    {
        using var control = new ControlStub((path, _) => Answer(path) ?? (isLost ? (503, "{}") : (400, Pending)));
        Assert.Contains(text, (await Assert.ThrowsAsync<AgentException>(() => LoginAsync(control))).Message, StringComparison.Ordinal);
        Assert.InRange(_time.Waits.Sum(wait => wait.TotalSeconds), 600, 630);
        Assert.Null(LoginRecord.Load(_directory));
    }

    [Fact]
    public async Task A_login_that_was_approved_is_kept_although_the_organisations_are_not_to_be_had()
    {
        using var control = new ControlStub((path, _) => path == "account" ? null : Answer(path) ?? (200, Token));
        Assert.Equal(0, await LoginAsync(control));
        Assert.Equal(("khs_new", null), (LoginRecord.Load(_directory)!.Token, LoginRecord.Load(_directory)!.Organisation));
    }

    [Fact]
    public async Task Nobody_is_asked_to_approve_what_cannot_be_kept()
    {
        using var control = new ControlStub((path, _) => Answer(path) ?? (200, Token));
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(_directory, File.GetUnixFileMode(_directory) | UnixFileMode.OtherExecute);
        Assert.Contains("chmod 700", (await Assert.ThrowsAsync<AgentException>(() => LoginAsync(control))).Message, StringComparison.Ordinal);
        Directory.Delete(_directory);
        File.WriteAllText(_directory, "a file");
        try
        {
            await Assert.ThrowsAsync<AgentException>(() => LoginAsync(control));
            Assert.Equal(0, control.Count("login/device"));
        }
        finally
        {
            File.Delete(_directory);
        }
    }

    [Fact]
    public void A_directory_that_was_tried_is_as_it_was()
    {
        using var held = DataDirectory.Open(_directory);
        var before = Directory.GetFiles(_directory);
        DataDirectory.CheckWritable(_directory);
        Assert.Equal(before, Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData("""{"login":{"account":"ann@acme.example"}}""", 204, true)]
    [InlineData("""{"login":{"account":"ann@acme.example"}}""", 500, false)]
    [InlineData("""{"id":"laptop"}""", 204, false)]
    [InlineData(null, 204, false)]
    public async Task Whoever_logs_in_again_hears_what_becomes_of_the_tunnel(string? status, int logout, bool ends)
    {
        using var control = new ControlStub((path, _) => path == "logout" ? (logout, "") : Answer(path) ?? (200, Token));
        Before(control);
        using var client = status is null ? null : Listen(status);
        Assert.Equal(0, await LoginAsync(control));
        Assert.Equal(1, control.Count("logout"));
        Assert.Equal(ends, _output.ToString().Contains("run 'keyhole up' again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_logout_is_done_when_its_tunnel_is_and_not_before()
    {
        using var control = new ControlStub((_, _) => (204, ""));
        Before(control);
        var tunnel = DataDirectory.Open(_directory);
        using var client = Listen("""{"login":{}}""");
        var logout = LogoutCommand.RunAsync(_directory, _output);
        await Task.Delay(300);
        Assert.False(logout.IsCompleted);
        tunnel.Dispose();
        Assert.Equal(0, await logout.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Null(LoginRecord.Load(_directory));
    }

    [Fact]
    public async Task A_logout_leaves_a_machine_s_tunnel_alone()
    {
        using var control = new ControlStub((_, _) => (204, ""));
        Before(control);
        using var tunnel = DataDirectory.Open(_directory);
        using var client = Listen("""{"id":"laptop"}""");
        Assert.Equal(0, await LogoutCommand.RunAsync(_directory, _output).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_logout_names_all_that_it_could_not_do()
    {
        using var control = new ControlStub((_, _) => null);
        Before(control);
        File.WriteAllText(Path.Combine(_directory, "restore.json"), "{}");
        string message = (await Assert.ThrowsAsync<AgentException>(() => LogoutCommand.RunAsync(_directory, _output))).Message;
        Assert.Contains("on this machine only", message, StringComparison.Ordinal);
        Assert.Contains("restore.json", message, StringComparison.Ordinal);
        Assert.Null(LoginRecord.Load(_directory));
    }

    private static (int, string)? Answer(string path) => path switch
    {
        "login/device" => (200, Grant),
        "account" => (200, Acme),
        _ => null,
    };

    private Task<int> LoginAsync(ControlStub control) =>
        LoginCommand.RunAsync(_directory, control.Endpoint, withBrowser: false, allowHttp: false, json: false, _output, _time).WaitAsync(TimeSpan.FromSeconds(60));

    private void Before(ControlStub control) =>
        new LoginRecord(new Uri(control.Endpoint), "ann@acme.example", "khs_old", DateTimeOffset.UtcNow.AddDays(1), "acme").Save(_directory);

    /// <summary>A client of the directory, which gives every question the same answer.</summary>
    private Socket Listen(string answer)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(DataDirectory.StatusSocketIn(_directory)));
        listener.Listen();
        _ = ServeAsync();
        return listener;

        async Task ServeAsync()
        {
            byte[] question = new byte[100];
            try
            {
                while (true)
                {
                    using var asked = await listener.AcceptAsync();
                    while (await asked.ReceiveAsync(question) > 0)
                    {
                    }

                    await asked.SendAsync(Encoding.UTF8.GetBytes(answer));
                }
            }
            catch (SocketException)
            {
                // The test is over.
            }
        }
    }
}
