using System.Security.Cryptography;

namespace Keyhole.SshHost;

/// <summary>
/// Files that other programs read while they change: written beside their place under a name that was not there (O_EXCL, so never through a link), flushed, and
/// renamed over, all on disk before anything else is done. A link in their place is replaced, not followed.
/// </summary>
internal static class AtomicFile
{
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const string Prefix = ".keyhole-";
    private const string Suffix = ".new";

    /// <param name="check">Asked about the file beside before it takes its place; what it throws leaves the old one.</param>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, UnixFileMode mode, Func<string, Task>? check = null)
    {
        string beside = Path.Combine(Path.GetDirectoryName(path)!, $"{Prefix}{RandomNumberGenerator.GetHexString(16, lowercase: true)}{Suffix}");
        try
        {
            using (var stream = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Secret }))
            {
                stream.Write(content.Span);
                File.SetUnixFileMode(stream.SafeFileHandle, mode);
                stream.Flush(flushToDisk: true);
            }

            if (check is not null)
                await check(beside).ConfigureAwait(false);
            File.Move(beside, path, overwrite: true);
            Directories.Flush(Path.GetDirectoryName(path)!);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <returns>False when the file was a regular one with this content already.</returns>
    public static async Task<bool> WriteIfDifferentAsync(string path, ReadOnlyMemory<byte> content, UnixFileMode mode)
    {
        var file = new FileInfo(path);
        if (file.Exists && file.LinkTarget is null && file.Length == content.Length && file.UnixFileMode == mode
            && (await File.ReadAllBytesAsync(path).ConfigureAwait(false)).AsSpan().SequenceEqual(content.Span))
            return false;
        await WriteAsync(path, content, mode).ConfigureAwait(false);
        return true;
    }

    /// <summary>Removes what a process left that was killed before its rename.</summary>
    public static void Clean(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        foreach (string file in Directory.EnumerateFiles(directory, $"{Prefix}*{Suffix}"))
            File.Delete(file);
    }
}
