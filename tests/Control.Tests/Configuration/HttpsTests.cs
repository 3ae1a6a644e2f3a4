using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Keyhole.Control.Tests;

/// <summary>HTTPS by the server itself, and proxies in front of it.</summary>
public sealed class HttpsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-tls-").FullName;

    private string CertificateFile => Path.Combine(_directory, "certificate.pem");

    private string KeyFile => Path.Combine(_directory, "key.pem");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    [Trait("Promise", "O4")]
    public async Task The_server_speaks_HTTPS_and_a_renewed_certificate_serves_the_next_connection()
    {
        Write("first.example");
        await using var control = await RunningControl.StartAsync(ServeOptions.Parse(RunningControl.NewDirectory(), "https://127.0.0.1:0", null, allowHttp: false, (CertificateFile, KeyFile)));
        Assert.Equal("https", control.Address.Scheme);
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = IsOurs } });
        using var health = await http.GetAsync(new Uri(control.Address, "/healthz"));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Contains("max-age", health.Headers.GetValues("Strict-Transport-Security").Single(), StringComparison.Ordinal);
        Assert.Equal("CN=first.example", await SubjectAsync(control.Address));

        // A key that does not fit, as in the middle of a renewal: the old pair serves on, and the log says why.
        File.WriteAllText(KeyFile, RSA.Create(2048).ExportPkcs8PrivateKeyPem());
        await UntilAsync(async () => await SubjectAsync(control.Address) == "CN=first.example" && control.Log.Lines.Any(line => line.Contains("was not taken", StringComparison.Ordinal)));
        Write("second.example");
        await UntilAsync(async () => await SubjectAsync(control.Address) == "CN=second.example");
        Assert.Throws<OperatorException>(() => new TlsCertificate(Path.Combine(_directory, "absent.pem"), KeyFile, TimeProvider.System));
    }

    [Theory]
    [InlineData(null, "198.51.100.9", "127.0.0.1")]
    [InlineData("192.0.2.0/24", "198.51.100.9", "127.0.0.1")]
    [InlineData("127.0.0.0/8", "198.51.100.9", "198.51.100.9")]
    [InlineData("127.0.0.0/8", "203.0.113.66, 198.51.100.9", "198.51.100.9")]
    [InlineData("127.0.0.0/8", "203.0.113.66, 198.51.100.9, 127.0.0.2", "198.51.100.9")]
    [Trait("Promise", "O4")]
    [Trait("Threat", "30")]
    public async Task Only_a_proxy_that_was_named_says_where_a_request_comes_from(string? trusted, string forwarded, string seen)
    {
        var sessions = new TestSessions();
        var options = ServeOptions.Parse(RunningControl.NewDirectory(), "http://127.0.0.1:0", "https://control.example", allowHttp: false) with { TrustedProxies = trusted is null ? [] : [IPNetwork.Parse(trusted)] };
        await using var control = await RunningControl.StartAsync(options, sessions);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(control.Address, "/api/v1/orgs")) { Content = new StringContent("""{"name":"acme"}""", System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Forwarded-For", forwarded);
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-Host", "evil.example");
        request.Headers.Add("Forwarded", "for=203.0.113.99");
        request.Headers.Add("X-Keyhole", "1");
        // The cookie of HTTPS counts when the proxy may say that it was HTTPS, and the other one when not.
        request.Headers.Add("Cookie", $"{(trusted == "127.0.0.0/8" ? CallerReader.SecureCookie : CallerReader.PlainCookie)}={sessions.Begin("root@example.com", serverAdmin: true)}");
        using var answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.DoesNotContain("evil.example", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        var row = control.Server.Networks.Store.Database.Read(connection => AuditLog.Read(connection, null, null, 10)).First(row => row.Action == "create-organisation");
        Assert.Equal(seen, row.Address);
    }

    [Fact]
    [Trait("Promise", "O4")]
    [Trait("Threat", "32")]
    public async Task By_its_public_name_the_server_gives_and_takes_the_cookie_of_HTTPS_alone()
    {
        await using var control = await RunningControl.StartAsync(ServeOptions.Parse(RunningControl.NewDirectory(), "http://127.0.0.1:0", "https://control.example", allowHttp: false));
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        string token = (await File.ReadAllTextAsync(Path.Combine(control.Directory, "setup-token"))).Trim();
        using var setup = new HttpRequestMessage(HttpMethod.Post, new Uri(control.Address, "/api/v1/setup"))
        {
            Content = new StringContent($$"""{"token":"{{token}}","email":"ann@acme.example","password":"{{LoginFixture.Password}}"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        setup.Headers.Host = "Control.example";
        setup.Headers.Add("Origin", "https://control.example");
        using var made = await http.SendAsync(setup);
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        string cookie = Assert.Single(made.Headers.GetValues("Set-Cookie"), text => text.StartsWith($"{CallerReader.SecureCookie}=", StringComparison.Ordinal));
        Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
        string session = cookie.Split(';')[0].Split('=', 2)[1];
        Assert.Equal(HttpStatusCode.OK, await AskAsync("control.example", CallerReader.SecureCookie));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("control.example", CallerReader.PlainCookie));

        async Task<HttpStatusCode> AskAsync(string host, string name)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(control.Address, "/api/v1/account"));
            request.Headers.Host = host;
            request.Headers.Add("Cookie", $"{name}={session}");
            using var answer = await http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    /// <summary>Signed by itself, as <see cref="Write"/> makes them.</summary>
    private static bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && certificate.Subject == certificate.Issuer && certificate.Subject.EndsWith(".example", StringComparison.Ordinal);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await condition())
            await Task.Delay(100, deadline.Token);
    }

    private static async Task<string> SubjectAsync(Uri server)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port);
        await using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, IsOurs);
        await tls.AuthenticateAsClientAsync("localhost");
        return tls.RemoteCertificate!.Subject;
    }

    private void Write(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }
}
