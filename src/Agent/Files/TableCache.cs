using System.Text.Json;

namespace Keyhole.Agent;

/// <summary>
/// The last table on disk. Its time of modification is the last contact with Control, so that staying in contact costs a
/// touch and not a write. A cache that cannot be read is as good as none.
/// </summary>
internal sealed class TableCache(string file, string id, TimeProvider time)
{
    /// <summary>The table and how long ago Control was last heard, or null.</summary>
    public (CachedTable Cached, TimeSpan Age)? Load()
    {
        try
        {
            var cached = JsonSerializer.Deserialize(File.ReadAllBytes(file), CachedTableJson.Default.CachedTable);
            if (cached is null || cached.Id != id)
                return null;
            var age = time.GetUtcNow() - File.GetLastWriteTimeUtc(file);
            return (cached, age < TimeSpan.Zero ? TimeSpan.Zero : age);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The disk is full or the directory is gone.</exception>
    public void Save(CachedTable cached) =>
        DataDirectory.WriteAtomically(file, JsonSerializer.SerializeToUtf8Bytes(cached, CachedTableJson.Default.CachedTable));

    /// <summary>Control was heard just now.</summary>
    public void Touch()
    {
        try
        {
            File.SetLastWriteTimeUtc(file, time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No table was saved yet, or the disk refuses: the age then counts from the last time that worked.
        }
    }
}
