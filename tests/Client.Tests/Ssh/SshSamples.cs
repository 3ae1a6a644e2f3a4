using System.Diagnostics;
using System.Text.Json.Nodes;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client.Tests;

/// <summary>An answer of Control, and OpenSSH's own programs.</summary>
internal static class SshSamples
{
    private static readonly Ed25519PrivateKey Authority = new([.. Enumerable.Repeat((byte)7, 32)]);

    public static SshPublicKey HostKey { get; } = SshPublicKey.FromEd25519([.. Enumerable.Repeat((byte)9, 32)]);

    public static SshPublicKey AuthorityKey => SshPublicKey.FromEd25519(Authority.PublicKey);

    /// <summary>As Control answers to POST …/ssh/sign.</summary>
    public static JsonObject Answer(SshPublicKey key, SshCertificateType type = SshCertificateType.User) => new()
    {
        ["username"] = "ada",
        ["certificate"] = SshCertificateWriter.Sign(
            new SshCertificateRequest(key, type, 42, "user=ada@example.com", ["keyhole:0123:7:89ab:ada"], DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(5), ["permit-pty"]),
            Authority, new byte[32]),
        ["serial"] = 42,
        ["resource"] = "vm-01",
        ["alias"] = "vm-01.acme.internal",
        ["destination"] = "192.168.1.20",
        ["overlay"] = new JsonArray("100.64.0.9"),
        ["hostKeyAlias"] = "keyhole-01234567-7",
        ["hostAuthorities"] = new JsonArray(AuthorityKey.ToString()),
        ["hostKeys"] = new JsonArray(HostKey.ToString()),
    };

    public static SignedKey Signed(Ed25519PrivateKey key)
    {
        var line = SshPublicKey.FromEd25519(key.PublicKey);
        return SignedKey.From(Answer(line), line, null);
    }

    /// <summary>Exit code, and standard output and error together.</summary>
    public static (int Code, string Text) Run(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
