namespace Keyhole.Control;

/// <summary>What an operator asks of the running server beside its networks: the audit log and backups.</summary>
internal sealed class Maintenance(Networks networks, DataDirectory directory, TimeProvider time)
{
    public const int MaximumRows = 1000;

    private readonly NetworkStore _store = networks.Store;

    /// <exception cref="OperatorException">The database is away.</exception>
    public AuditReport VerifyAudit() => _store.Database.ReadSnapshot(connection => AuditCheck.Run(connection, _store.Audit));

    /// <param name="organisation">Null: all rows, also those of the server itself.</param>
    /// <param name="before">Only rows with smaller numbers; null from the newest on.</param>
    /// <exception cref="OperatorException">There is no such organisation, or the database is away.</exception>
    public AuditAnswer ListAudit(string? organisation, long? before, int limit)
    {
        int? id = organisation is null ? null : networks.Choose(organisation).Id;
        var rows = _store.Database.Read(connection => AuditLog.Read(connection, id, before, Math.Clamp(limit, 1, MaximumRows)));
        return new AuditAnswer(rows, networks.All.ToDictionary(network => network.Id, network => network.Name));
    }

    /// <summary>A backup of this moment, in a file that is gone when it is closed.</summary>
    /// <exception cref="OperatorException">The disk is full, or the database is away.</exception>
    public FileStream MakeBackup()
    {
        var file = Backups.Create(Path.Combine(directory.Path, $"backup-{Guid.NewGuid():N}.unfinished"), FileOptions.DeleteOnClose);
        try
        {
            _store.Database.ReadSnapshot(connection =>
            {
                BackupWriter.Write(file, _store.Database, connection, null, time.GetUtcNow());
                return true;
            });
            file.Position = 0;
            return file;
        }
        catch (IOException error)
        {
            file.Dispose();
            throw new OperatorException($"the backup cannot be written: {error.Message}");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
