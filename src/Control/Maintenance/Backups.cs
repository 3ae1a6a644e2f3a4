using System.Data.Common;
using System.Globalization;

namespace Keyhole.Control;

/// <summary>The files of backups: for their owner only.</summary>
internal static class Backups
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="OperatorException">The file is there already, or cannot be made.</exception>
    public static FileStream Create(string path, FileOptions options = FileOptions.None)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, UnixCreateMode = Mode, Options = options });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"the backup cannot be written: {error.Message}");
        }
    }

    /// <summary>A backup beside the database before its schema is changed: the way back to the version before.</summary>
    /// <exception cref="OperatorException">It cannot be written: then nothing is changed.</exception>
    public static void BeforeUpgrade(DataDirectory directory, Database database, DbConnection connection, DbTransaction transaction, DateTimeOffset now)
    {
        string path = Path.Combine(directory.Path, string.Create(CultureInfo.InvariantCulture, $"before-upgrade-{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}.backup"));
        string unfinished = path + ".unfinished";
        try
        {
            File.Delete(unfinished);
            using (var file = Create(unfinished))
            {
                BackupWriter.Write(file, database, connection, transaction, now);
                file.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch (IOException error)
        {
            throw new OperatorException($"the backup before the upgrade cannot be written, nothing was changed: {error.Message}");
        }
    }
}
