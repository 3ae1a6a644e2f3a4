namespace Keyhole.Control;

/// <summary>The directory that holds everything Control knows. Nobody but its owner may read it.</summary>
internal sealed class DataDirectory
{
    /// <summary>Longest path of a Unix socket on Linux, without its terminating zero (unix(7)).</summary>
    private const int MaximumSocketPathLength = 107;

    /// <summary>What flock(2) answers where another process holds the file: EWOULDBLOCK of Linux.</summary>
    private const int WouldBlock = 11;

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = ~Owner & (UnixFileMode)0x1FF;

    private DataDirectory(string path) => Path = path;

    public string Path { get; }

    public string Database => File("control.db");

    public string KeyFile => File("control.key");

    public string Socket => File("control.sock");

    public string Lock => File("control.lock");

    /// <summary>The one-time token that makes the first account, while there is none.</summary>
    public string SetupToken => File("setup-token");

    /// <summary>Opens the directory, and makes it with mode 0700 where it does not exist yet.</summary>
    /// <exception cref="OperatorException">It cannot be made, or others can enter it.</exception>
    public static DataDirectory Create(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        try
        {
            if (!Directory.Exists(full))
                Directory.CreateDirectory(full, Owner);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"the data directory {full} cannot be made: {error.Message}");
        }

        return Open(full);
    }

    /// <summary>Opens a directory that must exist.</summary>
    /// <exception cref="OperatorException">It does not exist, others can enter it, or its path is too long for a socket.</exception>
    public static DataDirectory Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(full))
            throw new OperatorException($"the data directory {full} does not exist; \"keyhole-control serve --data {full}\" makes it");
        var directory = new DataDirectory(full);
        var mode = System.IO.File.GetUnixFileMode(full);
        if ((mode & Others) != 0)
            throw new OperatorException($"the data directory {full} is open to other users (mode {Convert.ToString((int)mode, 8)}); it holds secrets: chmod 700 {full}");
        if (System.Text.Encoding.UTF8.GetByteCount(directory.Socket) > MaximumSocketPathLength)
            throw new OperatorException($"the path {directory.Socket} is longer than the {MaximumSocketPathLength} bytes that a Unix socket can have; use a shorter --data");
        return directory;
    }

    /// <summary>One server per directory: the lock goes with the process, also by kill -9.</summary>
    /// <exception cref="OperatorException">Another process holds it, or it cannot be opened.</exception>
    public FileStream Hold() => TryHold() ?? throw new OperatorException($"another keyhole-control serves {Path} already; stop it first, or use another --data directory");

    /// <returns>Null where another process holds it.</returns>
    /// <exception cref="OperatorException">It cannot be opened.</exception>
    public FileStream? TryHold()
    {
        try
        {
            return new FileStream(Lock, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException error) when (error.HResult == WouldBlock)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"{Lock} cannot be opened: {error.Message}");
        }
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
