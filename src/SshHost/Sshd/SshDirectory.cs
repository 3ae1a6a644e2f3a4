using System.Security.Cryptography;
using System.Text;
using Keyhole.Ssh;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>The files by which the SSH server knows whom to trust (sshd_config(5): TrustedUserCAKeys, RevokedKeys, HostCertificate).</summary>
internal sealed class SshDirectory(string path, ILogger log, TimeProvider time)
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public string TrustedFile => Path.Combine(path, "ca.pub");

    public string RevokedFile => Path.Combine(path, "revoked.krl");

    public string CertificateFile(HostKey key) => Path.Combine(path, key.CertificateName);

    /// <summary>Makes it where it is missing, with files that trust and revoke nothing: without the list of revoked keys sshd lets nobody in.</summary>
    /// <exception cref="AuthDaemonException">It cannot be used.</exception>
    public async Task PrepareAsync()
    {
        await TrustedPath.MakeAsync(path, Mode).ConfigureAwait(false);
        AtomicFile.Clean(path);
        if (!File.Exists(TrustedFile))
            await AtomicFile.WriteAsync(TrustedFile, ReadOnlyMemory<byte>.Empty, AtomicFile.Public).ConfigureAwait(false);
        if (!File.Exists(RevokedFile))
            await AtomicFile.WriteAsync(RevokedFile, KeyRevocationList.Write(0, time.GetUtcNow(), []), AtomicFile.Public).ConfigureAwait(false);
    }

    /// <summary>Brings the files to what the state says; what is so already stays untouched.</summary>
    /// <param name="server">Null where it cannot be asked: then its certificates stay as they are.</param>
    public async Task ApplyAsync(HostTurn turn, SshServer? server)
    {
        // First what takes trust away.
        await WriteRevokedAsync(turn).ConfigureAwait(false);
        await AtomicFile.WriteIfDifferentAsync(TrustedFile, Encoding.ASCII.GetBytes(TrustedText(turn.State)), AtomicFile.Public).ConfigureAwait(false);
        if (server is null)
            return;
        bool isChanged = false;
        foreach (var key in server.Keys)
            isChanged |= await WriteCertificateAsync(turn.State, server, key).ConfigureAwait(false);
        if (isChanged)
            await server.ReloadAsync(log).ConfigureAwait(false);
    }

    /// <summary>
    /// Which of the host's keys are certified for a resource. The server shows one certificate per type of key, so where several resources, perhaps of several organisations, are
    /// this one host, each has the type of its slot; what is left over belongs to the first.
    /// </summary>
    public static IReadOnlyList<HostKey> KeysOf(HostState state, SshServer server, HostedResource resource)
    {
        if (state.Find(resource.Authority, resource.Resource) is not { Slot: var slot })
            return [];
        int first = state.Resources.Min(other => other.Slot);
        return [.. server.Keys.Where((_, index) => (state.Resources.Any(other => other.Slot == index) ? index : first) == slot)];
    }

    private static string TrustedText(HostState state)
    {
        var text = new StringBuilder("# Written by the auth daemon of Keyhole; changes are lost.\n");
        foreach (string authority in state.Authorities)
        {
            foreach (string key in state.TrustedOf(authority))
                text.Append(key).Append(" keyhole-").Append(authority).Append('\n');
        }

        return text.ToString();
    }

    private async Task WriteRevokedAsync(HostTurn turn)
    {
        List<(SshPublicKey, IReadOnlyList<ulong>)> revoked = [];
        foreach (string authority in turn.State.Authorities)
        {
            ulong[] serials = [.. turn.State.Resources.Where(resource => resource.Authority == authority).SelectMany(resource => resource.Revoked).Distinct().Order().Select(serial => (ulong)serial)];
            foreach (string key in serials.Length == 0 ? [] : turn.State.TrustedOf(authority))
                revoked.Add((SshPublicKey.Parse(key)!, serials));
        }

        string digest = Convert.ToHexStringLower(SHA256.HashData(KeyRevocationList.Write(0, DateTimeOffset.UnixEpoch, revoked)));
        if (turn.State.Revocations?.Digest != digest)
            await turn.SaveAsync(turn.State with { Revocations = new Revocations((turn.State.Revocations?.Version ?? 0) + 1, time.GetUtcNow(), digest) }).ConfigureAwait(false);
        var list = turn.State.Revocations!;
        await AtomicFile.WriteIfDifferentAsync(RevokedFile, KeyRevocationList.Write(list.Version, list.Made, revoked), AtomicFile.Public).ConfigureAwait(false);
    }

    /// <returns>True when the server shows another certificate from now on.</returns>
    private async Task<bool> WriteCertificateAsync(HostState state, SshServer server, HostKey key)
    {
        string file = CertificateFile(key);
        if (CertificateFor(state, server, key) is { } certificate)
            return await AtomicFile.WriteIfDifferentAsync(file, Encoding.ASCII.GetBytes(certificate + "\n"), AtomicFile.Public).ConfigureAwait(false);
        if (!File.Exists(file))
            return false;
        File.Delete(file);
        return true;
    }

    /// <summary>The newest certificate for the key, signed by an authority that the state trusts and whose key it is to certify.</summary>
    private static SshCertificate? CertificateFor(HostState state, SshServer server, HostKey key) =>
        state.Resources.Where(resource => KeysOf(state, server, resource).Contains(key))
            .SelectMany(resource => resource.HostCertificates.Select(SshCertificate.Parse).OfType<SshCertificate>()
                .Where(certificate => certificate.Type == SshCertificateType.Host && certificate.Key.Equals(key.Key)
                    && state.TrustedOf(resource.Authority).Contains(certificate.Authority.ToString()) && certificate.Verify(certificate.Authority)))
            .MaxBy(certificate => certificate.ValidBefore);
}
