namespace Keyhole.Control;

/// <summary>Files for secrets: new ones that only their owner can read. They go again unless they are to be kept.</summary>
internal sealed class SecretFiles : IDisposable
{
    private readonly List<FileStream> _files = [];
    private bool _kept;

    /// <param name="path">Null gives null.</param>
    /// <exception cref="OperatorException">The file is there already, or cannot be made.</exception>
    public FileStream? Create(string? path)
    {
        if (path is null)
            return null;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            var file = new FileStream(path, options);
            _files.Add(file);
            return file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OperatorException($"{Findings.Shown(path)} cannot be written: {error.Message}");
        }
    }

    public void Keep() => _kept = true;

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
            if (!_kept)
                File.Delete(file.Name);
        }
    }
}
