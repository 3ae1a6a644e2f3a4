using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client.Tests;

/// <summary>The parts of a session: its files, its agent and the program that it runs.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SshSessionTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate(RandomSource.System);
    private readonly SignedKey _signed;
    private readonly SshFiles _files;

    public SshSessionTests()
    {
        _signed = SshSamples.Signed(_key);
        _files = SshFiles.Create(_signed);
    }

    private string Folder => Path.GetDirectoryName(_files.PublicKey)!;

    public void Dispose()
    {
        _files.Dispose();
        _key.Dispose();
    }

    [Fact]
    [Trait("Promise", "B2")]
    public void The_files_of_a_session_are_private_hold_no_secret_and_go_with_it()
    {
        Assert.Equal(Private, File.GetUnixFileMode(Folder));
        Assert.Equal(_signed.Certificate.Key + "\n", File.ReadAllText(_files.PublicKey));
        Assert.Equal(_signed.Certificate + "\n", File.ReadAllText(_files.Certificate));
        Assert.Equal(_signed.KnownHosts, File.ReadAllText(_files.KnownHosts));
        byte[] seed = new byte[Ed25519PrivateKey.SeedLength];
        _key.ExportSeed(seed);
        Assert.All(Directory.GetFiles(Folder), file => Assert.DoesNotContain(Convert.ToBase64String(seed), File.ReadAllText(file), StringComparison.Ordinal));
        Assert.Equal(3, Directory.GetFiles(Folder).Length);
        _files.Dispose();
        Assert.False(Directory.Exists(Folder));
        _files.Dispose();
    }

    [Fact]
    public void A_place_that_ssh_would_not_take_as_it_is_is_not_taken()
    {
        string parent = Path.Combine(Folder, "a b");
        Directory.CreateDirectory(parent);
        string[] made = [SshFiles.MakeDirectory(parent), SshFiles.MakeDirectory(Path.Combine(Folder, "nowhere")), SshFiles.MakeDirectory("/" + new string('x', 100)), SshFiles.MakeDirectory((string?)null)];
        Assert.All(made, path =>
        {
            Assert.Equal("/tmp", Path.GetDirectoryName(path));
            Assert.Equal(Private, File.GetUnixFileMode(path));
            Directory.Delete(path);
        });
    }

    [Fact]
    [Trait("Promise", "B2")]
    public async Task OpenSSH_signs_with_the_agent_of_the_session()
    {
        await using (var agent = Agent())
        {
            var (code, listed) = Add("-L");
            Assert.Equal(0, code);
            Assert.Equal($"{_signed.Certificate} keyhole\n{_signed.Certificate.Key} keyhole\n", listed);
            Assert.Equal(0, Add("-T", _files.PublicKey).Code);
            Assert.Equal(0, Add("-T", _files.Certificate).Code);
            Assert.NotEqual(0, Add("-D").Code);
        }

        Assert.NotEqual(0, Add("-L").Code);
    }

    [Fact]
    public async Task Whoever_says_nothing_or_too_much_does_not_keep_others_from_the_agent()
    {
        await using var agent = Agent();
        using var silent = Connect();
        using var cut = Connect();
        cut.Send([0, 0, 0, 9, 13]);
        cut.Shutdown(SocketShutdown.Send);
        using var long_ = Connect();
        long_.Send([0x7F, 0xFF, 0xFF, 0xFF, 11]);
        Assert.True(IsClosed(long_));
        Assert.True(IsClosed(cut));
        Assert.Equal(0, Add("-L").Code);
        for (int run = 0; run < 20; run++)
            Connect().Dispose();
        Assert.Equal(0, Add("-L").Code);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -KILL $$", 137)]
    public async Task The_programs_exit_code_is_kept(string script, int code)
    {
        using var process = new OpenSshProcess();
        Assert.Equal(code, await process.RunAsync("/bin/sh", ["-c", script]));
    }

    /// <summary>SIGTERM and SIGUSR1: the others may be ignored where the tests were started, and so in all that they start.</summary>
    [Theory]
    [InlineData(15, 143)]
    [InlineData(10, 138)]
    public async Task A_signal_ends_the_program_first(int signal, int code)
    {
        using var process = new OpenSshProcess();
        var running = process.RunAsync("/bin/sh", ["-c", "exec sleep 600"]);
        process.Raise(signal);
        Assert.Equal(code, await running);
    }

    [Fact]
    public async Task A_program_that_does_not_heed_a_signal_ends_with_the_second_one()
    {
        string ready = Path.Combine(Folder, "ready");
        using var process = new OpenSshProcess();
        var running = process.RunAsync("/bin/sh", ["-c", $"trap '' TERM; touch {ready}; while :; do sleep 0.1; done"]);
        for (var clock = Stopwatch.StartNew(); !File.Exists(ready); await Task.Delay(10))
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2) && !running.IsCompleted, "the program does not start");
        process.Raise(15);
        process.Raise(15);
        Assert.Equal(137, await running);
    }

    [Fact]
    public async Task After_a_signal_no_program_is_started()
    {
        using var process = new OpenSshProcess();
        process.Raise(2);
        Assert.Equal(130, await process.RunAsync("/bin/sh", ["-c", $"touch {Path.Combine(Folder, "started")}"]));
        Assert.False(File.Exists(Path.Combine(Folder, "started")));
    }

    [Fact]
    public void A_program_that_is_missing_is_named_with_its_package()
    {
        Assert.EndsWith("/ssh", OpenSshProcess.Find("ssh"), StringComparison.Ordinal);
        Assert.Contains("openssh-client", Assert.Throws<AgentException>(() => OpenSshProcess.Find("ssh-that-is-not-there")).Message, StringComparison.Ordinal);
    }

    private SshAgentSocket Agent() => new(_files.AgentSocket, new AgentProtocol(_key, _signed.Certificate, "keyhole"));

    private (int Code, string Text) Add(params string[] arguments) => SshSamples.Run("ssh-add", arguments, ("SSH_AUTH_SOCK", _files.AgentSocket));

    /// <summary>With or without what it had not read yet.</summary>
    private static bool IsClosed(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionReset;
        }
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        socket.Connect(new UnixDomainSocketEndPoint(_files.AgentSocket));
        return socket;
    }
}
