using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Ssh;

namespace Keyhole.Client;

/// <summary><c>keyhole ssh sign</c>: a certificate for a key that a person or a program already has, for any SSH client.</summary>
internal static class SshSignCommand
{
    public const string Name = "sign";

    private const string Suffix = ".pub";
    private const int MaximumLength = 16 * 1024;

    public static Command Create()
    {
        var host = new Argument<string>("host") { Description = "An alias or a name that 'keyhole list' shows." };
        var file = new Option<string>("--key-file") { Description = "A public key; its certificate is written beside it: k-cert.pub for k.pub.", HelpName = "FILE", Required = true };
        var password = new Option<bool>("--generate-random-password") { Description = "Give the account a new password, and show it once." };
        var json = new Option<bool>("--json") { Description = "Print a JSON object." };
        return AgentProgram.DirectoryCommand(
            Name, "Has a public key signed for a host, for use with other programs. The certificate is valid for five minutes.", UpSettings.Data, [host, file, password, json],
            async (directory, parsed, output) =>
            {
                string keyFile = parsed.GetRequiredValue(file);
                var key = Read(keyFile);
                var target = SshTarget.Parse(parsed.GetRequiredValue(host));
                var signed = await SshSigning.SignAsync(directory, target, key, parsed.GetValue(password)).ConfigureAwait(false);
                SshSigning.ShowPassword(signed);
                SshSigning.CheckUser(signed, target.User);
                string written = CertificateFileOf(keyFile);
                Write(written, signed.Certificate);
                await output.WriteAsync(parsed.GetValue(json) ? ToJson(signed, written).ToJsonString() + "\n" : ToText(signed, written)).ConfigureAwait(false);
                return 0;
            });
    }

    /// <summary>As ssh-keygen names it, and as ssh looks for it.</summary>
    internal static string CertificateFileOf(string keyFile) => (keyFile.EndsWith(Suffix, StringComparison.Ordinal) ? keyFile[..^Suffix.Length] : keyFile) + "-cert" + Suffix;

    /// <exception cref="AgentException">It is no public key.</exception>
    internal static SshPublicKey Read(string file)
    {
        try
        {
            using var reader = new StreamReader(file, Encoding.ASCII);
            char[] text = new char[MaximumLength];
            string line = new(text, 0, reader.ReadBlock(text, 0, text.Length));
            if (line.Contains("PRIVATE KEY", StringComparison.Ordinal))
                throw new AgentException($"{file} is a private key, which nobody else may see: name the public one, which ends with {Suffix}.");
            return SshPublicKey.Parse(line) ?? throw new AgentException($"{file} is no public key of OpenSSH: one line such as 'ssh-ed25519 AAAA…'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The key file {file} cannot be read: {e.Message}", e);
        }
    }

    internal static string ToText(SignedKey signed, string file) => string.Concat(
        ((string[])
        [
            $"{file}",
            $"  user:      {signed.Username} on {signed.Name} ({signed.Destination})",
            $"  principal: {string.Join(", ", signed.Certificate.Principals)}",
            string.Create(CultureInfo.InvariantCulture, $"  valid:     until {signed.Certificate.ValidBefore:yyyy-MM-dd HH:mm:ss} UTC, serial {signed.Certificate.Serial}"),
            $"  host key:  certificate for {signed.HostKeyAlias} of {string.Join(", ", signed.HostAuthorities.Select(authority => authority.Fingerprint))}",
        ]).Select(line => AgentProgram.Shown(line) + "\n"));

    internal static JsonObject ToJson(SignedKey signed, string file) => new()
    {
        ["certificate"] = file,
        ["username"] = signed.Username,
        ["principal"] = signed.Certificate.Principals[0],
        ["serial"] = signed.Certificate.Serial,
        ["validAfter"] = Moment(signed.Certificate.ValidAfter),
        ["validBefore"] = Moment(signed.Certificate.ValidBefore),
        ["resource"] = signed.Resource,
        ["alias"] = signed.Alias,
        ["destination"] = signed.Destination,
        ["hostKeyAlias"] = signed.HostKeyAlias,
        ["knownHosts"] = signed.KnownAuthorities,
    };

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static void Write(string file, SshCertificate certificate)
    {
        try
        {
            DataDirectory.WriteAtomically(file, Encoding.ASCII.GetBytes(certificate + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The certificate {file} cannot be written: {e.Message}", e);
        }
    }
}
