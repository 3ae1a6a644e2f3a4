using System.Buffers.Binary;
using System.Net.Sockets;
using Keyhole.Cryptography;

namespace Keyhole.Ssh.Tests;

public sealed class AgentProtocolTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2030, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SshTool _tool = new();
    private readonly Ed25519PrivateKey _authority = Ed25519PrivateKey.Generate(new SeededRandom(7)), _key = Ed25519PrivateKey.Generate(new SeededRandom(8));
    private readonly SshCertificate _certificate;
    private readonly AgentProtocol _agent;

    public AgentProtocolTests()
    {
        _certificate = SshCertificate.Parse(SshCertificateWriter.Sign(
            new SshCertificateRequest(Public, SshCertificateType.User, 1, "somebody", ["ada"], Noon, Noon.AddMinutes(5), []), _authority, new byte[32]))!;
        _agent = new AgentProtocol(_key, _certificate, "keyhole vm-01");
    }

    private SshPublicKey Public => SshPublicKey.FromEd25519(_key.PublicKey);

    public void Dispose()
    {
        _tool.Dispose();
        _authority.Dispose();
        _key.Dispose();
    }

    /// <summary>ssh-add lists the keys, and with -T asks for a signature and verifies it.</summary>
    [Fact]
    [Trait("Promise", "B2")]
    public async Task OpenSSH_lists_the_key_and_its_certificate_and_has_them_sign()
    {
        string path = _tool.PathOf("agent.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(8);
        using var stop = new CancellationTokenSource();
        var serving = ServeAsync(listener, stop.Token);
        var environment = new Dictionary<string, string> { ["SSH_AUTH_SOCK"] = path };
        var (code, listed) = _tool.Try("ssh-add", environment, "-L");
        Assert.Equal(0, code);
        Assert.Equal([$"{_certificate} keyhole vm-01", $"{Public} keyhole vm-01"], listed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var (tested, said) = _tool.Try("ssh-add", environment, "-T", _tool.Write("key.pub", Public + "\n"));
        Assert.True(tested == 0, said);
        (tested, said) = _tool.Try("ssh-add", environment, "-T", _tool.Write("key-cert.pub", _certificate + "\n"));
        Assert.True(tested == 0, said);
        Assert.Equal(2, _agent.SignatureCount);
        string signature = _tool.Write("text", "to be signed");
        var (signed, why) = _tool.Try("ssh-keygen", environment, "-Y", "sign", "-n", "test", "-f", _tool.PathOf("key.pub"), signature);
        Assert.True(signed == 0, why);
        Assert.NotEqual(0, _tool.Try("ssh-add", environment, "-D").Code);
        await stop.CancelAsync();
        await serving;
    }

    [Fact]
    public void It_signs_with_nothing_but_its_own_key()
    {
        using var other = Ed25519PrivateKey.Generate(new SeededRandom(9));
        Assert.Equal([5], _agent.Answer(SignRequest(SshPublicKey.FromEd25519(other.PublicKey).Blob.Span)));
        Assert.Equal(14, _agent.Answer(SignRequest(Public.Blob.Span))[0]);
        Assert.Equal(14, _agent.Answer(SignRequest(_certificate.Blob.Span))[0]);
    }

    [Fact]
    public void Whatever_else_is_said_is_answered_with_a_failure_and_no_exception()
    {
        byte[] request = SignRequest(Public.Blob.Span);
        for (int length = 0; length < request.Length; length++)
            Assert.Equal([5], _agent.Answer(request.AsSpan(0, length)));
        Assert.Equal([5], _agent.Answer([.. request, 0]));
        Assert.Equal([5], _agent.Answer([11, 0]));
        Assert.Equal([5], _agent.Answer([13, 255, 255, 255, 255]));
        Assert.Equal([5], _agent.Answer(new byte[AgentProtocol.MaximumLength + 1]));
        for (int type = 0; type < 256; type++)
        {
            if (type != 11)
                Assert.Equal([5], _agent.Answer([(byte)type]));
        }

        Assert.Equal(0, _agent.SignatureCount);
    }

    private static byte[] SignRequest(ReadOnlySpan<byte> blob)
    {
        var writer = new SshWriter();
        writer.WriteByte(13);
        writer.WriteString(blob);
        writer.WriteString("to be signed");
        writer.WriteUInt32(0);
        return writer.Written.ToArray();
    }

    private async Task ServeAsync(Socket listener, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var socket = await listener.AcceptAsync(stop);
                await using var stream = new NetworkStream(socket);
                byte[] length = new byte[4];
                while (await stream.ReadAtLeastAsync(length, 4, throwOnEndOfStream: false, stop) == 4)
                {
                    byte[] request = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
                    await stream.ReadExactlyAsync(request, stop);
                    byte[] answer = _agent.Answer(request);
                    BinaryPrimitives.WriteInt32BigEndian(length, answer.Length);
                    await stream.WriteAsync(length, stop);
                    await stream.WriteAsync(answer, stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
