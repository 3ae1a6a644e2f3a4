using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client;

/// <summary>
/// One login from its key to its end: a key that exists in this process alone, Control's signature, the way to the host, and OpenSSH's program, which asks this process to sign.
/// </summary>
internal static class SshSession
{
    /// <param name="program">"ssh" or "scp".</param>
    /// <param name="user">Who was asked for; null for nobody.</param>
    /// <param name="words">The program's, behind the options that are made here.</param>
    /// <returns>The program's exit code.</returns>
    /// <exception cref="AgentException">It does not come to that; one line says why.</exception>
    public static async Task<int> RunAsync(string program, SshOwnOptions own, SshTarget target, string? user, int port, IEnumerable<string> words)
    {
        string path = OpenSshProcess.Find(program);
        using var key = Ed25519PrivateKey.Generate(RandomSource.System);
        var signed = await SshSigning.SignAsync(own.Directory, target, SshPublicKey.FromEd25519(key.PublicKey), own.IsPasswordWanted).ConfigureAwait(false);
        SshSigning.ShowPassword(signed);
        SshSigning.CheckUser(signed, user);
        var route = await SshRoutes.FindAsync(SshRoutes.Directories(own.Directory), signed, port).ConfigureAwait(false);
        using var process = new OpenSshProcess();
        using var files = SshFiles.Create(signed);
        await using var agent = new SshAgentSocket(files.AgentSocket, new AgentProtocol(key, signed.Certificate, $"keyhole {signed.Name}"));
        return await process.RunAsync(path, [.. OpenSshOptions.For(signed, route, files), .. words]).ConfigureAwait(false);
    }
}
