namespace Keyhole.SshHost;

/// <summary>Directories in which nobody but root can put a link or another file in the place of ours.</summary>
internal static class TrustedPath
{
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Makes a directory of root's where there is none.</summary>
    /// <exception cref="AuthDaemonException">It cannot be made, is a link, or somebody other than root could change what is in it.</exception>
    public static async Task MakeAsync(string path, UnixFileMode mode)
    {
        try
        {
            if (new DirectoryInfo(path).LinkTarget is not null)
                throw new AuthDaemonException($"{path} is a symbolic link: the auth daemon keeps its files in directories of its own.");
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, mode);
                // Whatever the umask is.
                File.SetUnixFileMode(path, mode);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthDaemonException($"The directory {path} cannot be made: {e.Message}", e);
        }

        if (await FindFaultAsync(path).ConfigureAwait(false) is { } fault)
            throw new AuthDaemonException($"The directory {path} cannot be used: {fault}.");
        if ((File.GetUnixFileMode(path) & ~mode & (UnixFileMode)0x1FF) != 0)
            throw new AuthDaemonException($"The directory {path} is open to other users: run 'chmod {Convert.ToString((int)mode, 8)} {path}'.");
    }

    /// <summary>Null when the path, links resolved, and all directories above it belong to root and nobody else may write; else what is wrong.</summary>
    public static async Task<string?> FindFaultAsync(string path)
    {
        var real = await HostProgram.RunAsync("realpath", ["-e", "--", path]).ConfigureAwait(false);
        if (real.Status != 0)
            return $"{path} does not exist";
        List<string> parts = [];
        for (string? part = real.Output.TrimEnd('\n'); !string.IsNullOrEmpty(part); part = Path.GetDirectoryName(part))
            parts.Add(part);
        string[] owners = (await HostProgram.RequireAsync("stat", ["-c", "%u", "--", .. parts]).ConfigureAwait(false)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < parts.Count; i++)
        {
            if (owners[i] != "0")
                return $"{parts[i]} does not belong to root";
            if ((File.GetUnixFileMode(parts[i]) & OthersWrite) != 0)
                return $"users other than root may write in {parts[i]}";
        }

        return null;
    }
}
