using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>
/// The <see cref="RestoreRecord"/> on disk, mode 0600 in the data directory: written before the machine is changed, removed after the change was undone. While it is
/// there without a running client, something is left behind.
/// </summary>
internal sealed class RestoreFile(string directory)
{
    private readonly string _path = Path.Combine(directory, "restore.json");

    public bool IsThere => File.Exists(_path);

    /// <exception cref="ResolverException">It cannot be written, so nothing may be changed.</exception>
    public void Save(RestoreRecord record)
    {
        try
        {
            DataDirectory.WriteAtomically(_path, record.ToBytes());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ResolverException($"{_path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Undoes what the record says and removes it. Again: does nothing.</summary>
    /// <returns>What was undone; null when there was nothing.</returns>
    /// <exception cref="ResolverException">It could not be undone; the record stays.</exception>
    public async Task<RestoreRecord?> UndoAsync()
    {
        if (!IsThere)
            return null;
        RestoreRecord? record;
        try
        {
            record = RestoreRecord.Parse(await File.ReadAllBytesAsync(_path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ResolverException($"{_path} cannot be read: {e.Message}", e);
        }

        switch (record?.Kind)
        {
            case null:
                throw new ResolverException($"{_path} is not a record of this version: look into it, put back what it says, and remove it.");
            case FileResolver.Kind:
                FileResolver.Undo(record);
                break;
            case SystemdResolver.Kind:
                await SystemdResolver.UndoAsync(record);
                break;
            case ResolvconfResolver.Kind:
                await ResolvconfResolver.UndoAsync(record);
                break;
            default:
                throw new ResolverException($"{_path} is of a resolver that this version does not know ({record.Kind}): look into it, put back what it says, and remove it.");
        }

        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ResolverException($"{_path} cannot be removed: {e.Message}", e);
        }

        return record;
    }
}
