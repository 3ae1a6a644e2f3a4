namespace Keyhole.Agent;

/// <summary>
/// The agent's private directory, held by one process at a time. It is made with mode 0700, and refused when it is open to
/// anybody else.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held)
    {
        FullPath = path;
        _lock = held;
    }

    public string FullPath { get; }

    public string StaticKey => Path.Combine(FullPath, "static.key");

    public string TableCache => Path.Combine(FullPath, "table.json");

    /// <summary>The ID and secret that a provisioning key was traded for.</summary>
    public string Credential => Path.Combine(FullPath, "credential.json");

    public string StatusSocket => StatusSocketIn(FullPath);

    public static string StatusSocketIn(string directory) => Path.Combine(directory, "status.sock");

    /// <summary>Creates the directory when it is not there, checks its mode and takes its lock.</summary>
    /// <exception cref="AgentException">It cannot be used; the message names the path and what to do.</exception>
    public static DataDirectory Open(string path)
    {
        try
        {
            Make(path);
            return new DataDirectory(path, Lock(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AgentException($"The data directory {path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Creates the directory when it is not there, and tries whether it can be used, whoever holds it.</summary>
    /// <exception cref="AgentException">It cannot; the message names the path and what to do.</exception>
    public static void CheckWritable(string path)
    {
        try
        {
            Make(path);
            using var probe = new FileStream(Path.Combine(path, $"probe-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AgentException($"The data directory {path} cannot be used: {e.Message}", e);
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>True when no process holds the directory, or when it is not there.</summary>
    public static bool IsFree(string path)
    {
        try
        {
            using var held = new FileStream(LockIn(path), FileMode.Open, FileAccess.Read, FileShare.Read);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Waits until no process holds the directory: the agent has undone by then whatever it did to this machine.</summary>
    /// <returns>False when one still does.</returns>
    public static async Task<bool> WaitUntilFreeAsync(string path, TimeSpan patience)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!IsFree(path))
        {
            if (clock.Elapsed > patience)
                return false;
            await Task.Delay(20);
        }

        return true;
    }

    /// <summary>Writes <paramref name="content"/> beside the file, mode 0600, and renames it over: after a crash it is the old or the new one, whole.</summary>
    public static void WriteAtomically(string file, ReadOnlySpan<byte> content)
    {
        string beside = file + ".new";
        File.Delete(beside);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(beside, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(beside, file, overwrite: true);
    }

    private static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, Private);
        Check(path);
    }

    private static void Check(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var open = File.GetUnixFileMode(path) & ~Private & (UnixFileMode)0x1FF;
        if (open != 0)
            throw new AgentException($"The data directory {path} is open to other users and holds a private key: run 'chmod 700 {path}'.");
    }

    private static string LockIn(string path) => Path.Combine(path, "lock");

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(LockIn(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new AgentException($"The data directory {path} is in use by another process.", e);
        }
    }
}
