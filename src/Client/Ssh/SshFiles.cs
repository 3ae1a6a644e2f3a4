using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>A directory of mode 0700 for the time of one session, with what ssh reads from files. Nothing in it is secret: the key stays in this process.</summary>
internal sealed class SshFiles : IDisposable
{
    /// <summary>Leaves room for a socket's name, and for the one that ssh makes of it.</summary>
    private const int MaximumPathLength = 60;

    private readonly string _directory;

    private SshFiles(string directory) => _directory = directory;

    public string PublicKey => Path.Combine(_directory, "key.pub");

    public string Certificate => Path.Combine(_directory, "key-cert.pub");

    public string KnownHosts => Path.Combine(_directory, "known_hosts");

    public string AgentSocket => Path.Combine(_directory, "agent");

    /// <param name="signed">What the files say.</param>
    /// <exception cref="AgentException">They cannot be written.</exception>
    public static SshFiles Create(SignedKey signed)
    {
        SshFiles? files = null;
        try
        {
            // Root may have been handed somebody else's: whoever owns a directory can exchange what lies in it.
            string? own = Environment.IsPrivilegedProcess ? null : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            files = new SshFiles(MakeDirectory(own, Path.GetTempPath()));
            File.WriteAllText(files.PublicKey, signed.Certificate.Key + "\n");
            File.WriteAllText(files.Certificate, signed.Certificate + "\n");
            File.WriteAllText(files.KnownHosts, signed.KnownHosts);
            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            files?.Dispose();
            throw new AgentException($"The files of the session cannot be written: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is gone, or somebody else's business by now.
        }
    }

    /// <summary>In the first parent that is there and whose path ssh takes as it is; else in /tmp.</summary>
    internal static string MakeDirectory(params string?[] parents)
    {
        foreach (string parent in parents.OfType<string>().Where(IsPlain))
        {
            try
            {
                string path = Path.Combine(parent, Path.GetRandomFileName() + ".keyhole");
                if (!Directory.Exists(parent))
                    continue;
                return MakePrivate(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not a place to write in.
            }
        }

        return MakePrivate(Path.Combine("/tmp", Path.GetRandomFileName() + ".keyhole"));
    }

    /// <summary>Nothing in it that ssh would replace or split at.</summary>
    private static bool IsPlain(string path) =>
        path.Length is > 0 and <= MaximumPathLength && path[0] == '/' && path.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-');

    private static string MakePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new AgentException("This needs the SSH client of a Unix system. On Windows 'keyhole ssh sign' signs a key for any SSH client.");
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
