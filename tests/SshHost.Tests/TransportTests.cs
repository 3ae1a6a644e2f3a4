using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Lab;

namespace Keyhole.SshHost.Tests;

/// <summary>Connector and daemon over a network that is not theirs.</summary>
public class TransportTests
{
    private const string Url = "https://127.0.0.1:22123/v1/hosts/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/7";

    [LabFact("sshd", "sudo", "useradd", "curl")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "35")]
    public async Task A_wrong_pre_shared_key_is_401_and_nothing_is_made_and_ten_of_them_keep_out_no_right_one()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]);
        await host.Remote.ReconcileAsync("acme", row);
        var before = host.Host.Accounts();
        string body = """{"user":5,"name":"ada","identity":"ada@example.com","shell":null,"home":null,"groups":[],"sudo":{"mode":"None","commands":[]}}""";
        string Post(string authorization, string data) => host.Host.Run("curl", "-sk", "-w", "%{http_code}", "-o", "/dev/null", "-X", "POST", "-H", authorization, "-H", "Content-Type: application/json", "-d", data, Url + "/accounts");

        Assert.Equal("403", Post($"Authorization: Bearer {DaemonHost.Key}", body));
        Assert.Equal("401", Post("X-Nothing: 1", body));
        for (int i = 1; i < SourceLimits.MaximumFailures; i++)
            Assert.Equal("401", Post($"Authorization: Bearer {DaemonHost.Key}{i}", body));
        Assert.Equal("429", Post($"Authorization: Bearer {DaemonHost.Key}x", body));
        Assert.Equal(before, host.Host.Accounts());
        Assert.Contains("wrong pre-shared key from 127.0.0.1", host.DaemonLog, StringComparison.Ordinal);
        Assert.DoesNotContain(DaemonHost.Key, host.DaemonLog, StringComparison.Ordinal);
        // Whoever shares the connector's address does not keep it away.
        Assert.Equal("ada", (await host.Remote.ProvisionAsync(row, DaemonHost.Order())).Name);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "35")]
    public async Task Whoever_stands_in_between_with_another_certificate_hears_nothing_known_pin_or_not()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]);
        string pin = (await host.Remote.ReconcileAsync("acme", row)).Pin!;
        // The pin holds while it is the same daemon.
        Assert.Equal(pin, (await host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, [5], pin: pin))).Pin);

        using var listener = host.Listen();
        int port = ((global::System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        foreach (string? known in new[] { null, pin })
        {
            var hearing = HearAsync(listener);
            var thrown = await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row with { Daemon = new SshDaemon("127.0.0.1", port, known) }, DaemonHost.Order()));
            Assert.Contains("in between", thrown.Message, StringComparison.Ordinal);
            Assert.Equal(0, await hearing);
        }

        // The detector hears: whoever knows the key is told what there is to tell; with another pin not even then.
        var shared = new PreSharedKey(DaemonHost.Key, "the test");
        var heard = HearAsync(listener, out string impostor, shared);
        await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row with { Daemon = new SshDaemon("127.0.0.1", port, impostor) }, DaemonHost.Order()));
        Assert.True(await heard > 0);
        heard = HearAsync(listener, out _, shared);
        Assert.Contains("in between", (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row with { Daemon = new SshDaemon("127.0.0.1", port, pin) }, DaemonHost.Order()))).Message, StringComparison.Ordinal);
        Assert.Equal(0, await heard);

        // A connector with another key says nothing to the true daemon either.
        await using var stranger = host.Connect("another-key-of-sufficient-length");
        foreach (string? known in new[] { null, pin })
            Assert.Contains("does not know the pre-shared key", (await Assert.ThrowsAsync<AuthDaemonException>(() => stranger.ReconcileAsync("acme", DaemonHost.Row(acme, [5], pin: known)))).Message, StringComparison.Ordinal);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "35")]
    public async Task Silent_connections_keep_no_connector_out()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var silent = Enumerable.Range(0, SourceLimits.MaximumConnectionsPerSource).Select(_ => host.Dial()).ToList();
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, [5]));
        silent.ForEach(client => client.Dispose());
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "35")]
    public async Task Who_replays_what_went_over_the_wire_gains_nothing()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var listener = host.Listen();
        var row = DaemonHost.Row(acme, [5]) with { Daemon = new SshDaemon("127.0.0.1", ((global::System.Net.IPEndPoint)listener.LocalEndpoint).Port, null) };
        var recording = RecordAsync(host, listener);
        await host.Remote.ReconcileAsync("acme", row);
        await recording;
        recording = RecordAsync(host, listener);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        byte[] recorded = await recording;

        string before = host.Host.Read(DaemonHost.StateFile);
        using (var client = host.Dial())
        await using (var stream = client.GetStream())
        {
            try
            {
                await stream.WriteAsync(recorded);
                client.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // The daemon hung up at once.
            }
        }

        Assert.Equal(before, host.Host.Read(DaemonHost.StateFile));
        // The detector sees an order that is carried out.
        await host.Remote.ProvisionAsync(DaemonHost.Row(acme, [5]), DaemonHost.Order());
        Assert.NotEqual(before, host.Host.Read(DaemonHost.StateFile));
    }

    private static Task<int> HearAsync(TcpListener listener) => HearAsync(listener, out _);

    /// <summary>Takes one connection with a certificate of its own.</summary>
    /// <returns>How many bytes the other side said.</returns>
    private static Task<int> HearAsync(TcpListener listener, out string pin, PreSharedKey? known = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=keyhole-auth-daemon", key, HashAlgorithmName.SHA256);
        if (known is not null)
        {
            using var exchange = PrivateKey.Generate(RandomSource.System);
            request.CertificateExtensions.Add(new X509Extension(DaemonCertificate.ProofOid, known.Prove(request.PublicKey.ExportSubjectPublicKeyInfo()), critical: false));
            request.CertificateExtensions.Add(new X509Extension(DaemonCertificate.ExchangeOid, exchange.PublicKey.Bytes, critical: false));
        }

        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        pin = DaemonCertificate.PinOf(certificate);
        return Core();

        async Task<int> Core()
        {
            using var client = await listener.AcceptTcpClientAsync();
            await using var stream = new SslStream(client.GetStream());
            try
            {
                await stream.AuthenticateAsServerAsync(certificate);
                return await stream.ReadAsync(new byte[4096]);
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                return 0;
            }
            finally
            {
                certificate.Dispose();
            }
        }
    }

    /// <summary>Passes one connection on to the daemon and keeps what the connector sent.</summary>
    private static async Task<byte[]> RecordAsync(DaemonHost host, TcpListener listener)
    {
        using var connector = await listener.AcceptTcpClientAsync();
        using var daemon = host.Dial();
        using var recorded = new MemoryStream();
        await using var ofConnector = connector.GetStream();
        await using var ofDaemon = daemon.GetStream();
        var answers = Pass(ofDaemon, ofConnector, Stream.Null);
        await Pass(ofConnector, ofDaemon, recorded);
        await answers;
        return recorded.ToArray();

        static async Task Pass(NetworkStream from, NetworkStream to, Stream copy)
        {
            byte[] buffer = new byte[16_384];
            try
            {
                for (int length; (length = await from.ReadAsync(buffer)) > 0;)
                {
                    copy.Write(buffer, 0, length);
                    await to.WriteAsync(buffer.AsMemory(0, length));
                }

                to.Socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // One of the two hung up.
            }
        }
    }
}
