using System.IO.Compression;
using System.Text;
using Dapper;

namespace Keyhole.Control.Tests;

/// <summary>What holds for backups of every database, restored into every other.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BackupTests(PostgresServer postgres) : IDisposable
{
    private readonly string _root = DataDirectory.Create(RunningControl.NewDirectory()).Path;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string NewPath(string name) => Path.Combine(_root, name);

    private async Task<string?> DatabaseAsync(bool shared) => shared ? await postgres.CreateAsync() : null;

    /// <summary>A server with two organisations, agents' keys, a client's keys, and an account.</summary>
    private static async Task PopulateAsync(RunningControl control)
    {
        await control.ApplyAsync(Samples.Acme);
        (await control.AgentAsync(AgentKind.Relay, "vps")).Dispose();
        await control.ConfigAsync("phone");
        var ledger = control.Ledger;
        ledger.Change(
            state => DeviceTransitions.Enrol(state, state.Users[0], "laptop", TestAgent.NewPublicKey(), true, id => new Credential($"device-{id}", new Agent(AgentKind.Device, id), "hash", Samples.Now)),
            (_, _) => new AuditEntry(Actor.Operator, "enrol", "device laptop", Before: "ü\"\n漢", After: null));
        await control.ApplyAsync(Samples.Acme.Replace("org: acme", "org: globex", StringComparison.Ordinal));
        control.Server.Networks.Delete(control.Server.Networks.Create("deleted", Actor.Operator), Actor.Operator);
    }

    private static async Task BackUpAsync(OperatorClient client, string file)
    {
        await using var stream = Backups.Create(file);
        await client.DownloadAsync(MaintenanceRoutes.Backup, stream);
    }

    private static List<NetworkState> StatesOf(RunningControl control) => [.. control.Server.Networks.All.Select(network => network.Ledger.State)];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [Trait("Promise", "O10")]
    public async Task A_backup_of_a_populated_server_is_restored_whole_into_either_database(bool fromShared, bool toShared)
    {
        string backup = NewPath("all.backup");
        List<NetworkState> states;
        string psk, key, lineage;
        var first = await RunningControl.StartAsync(NewPath("first"), database: await DatabaseAsync(fromShared));
        try
        {
            await PopulateAsync(first);
            states = StatesOf(first);
            lineage = first.Server.Networks.Store.Lineage;
            psk = first.Server.Networks.All[0].Ledger.PresharedKeyOf(states[0].FindPeer(PeerKind.ExternalClient, "phone")!)!;
            key = File.ReadAllText(Path.Combine(first.Directory, "control.key"));
            await BackUpAsync(first.Operator, backup);
        }
        finally
        {
            await first.StopAsync();
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup));
        Assert.DoesNotContain(Directory.GetFiles(first.Directory), file => file.Contains("unfinished", StringComparison.Ordinal));
        string? database = await DatabaseAsync(toShared);
        var directory = DataDirectory.Create(NewPath("second"));
        Assert.Contains("control.key is missing", Assert.Throws<OperatorException>(() => Restoring.Run(backup, directory, database, TimeProvider.System)).Message, StringComparison.Ordinal);
        File.WriteAllText(directory.KeyFile, Convert.ToBase64String(new byte[32]));
        Assert.Contains("is not the key of this backup", Assert.Throws<OperatorException>(() => Restoring.Run(backup, directory, database, TimeProvider.System)).Message, StringComparison.Ordinal);
        File.WriteAllText(directory.KeyFile, key);
        Assert.True(Restoring.Run(backup, directory, database, TimeProvider.System).Rows > 30);

        await using (var second = await RunningControl.StartAsync(directory.Path, database: database))
        {
            Assert.All(states.Zip(StatesOf(second)), pair => AssertRestored(pair.First, pair.Second));
            Assert.Equal(states.Count, StatesOf(second).Count);
            // Revisions may have gone further before the restore: what agents and hosts remember of them is of another history.
            string other = second.Server.Networks.Store.Lineage;
            Assert.Matches("^[0-9a-f]{32}$", other);
            Assert.NotEqual(lineage, other);
            Assert.Equal(other, second.Server.Networks.All[0].Ledger.Compiled.TableOf(new Agent(AgentKind.Relay, 0)).Lineage);
            Assert.Equal(psk, second.Server.Networks.All[0].Ledger.PresharedKeyOf(states[0].FindPeer(PeerKind.ExternalClient, "phone")!));
            Assert.Null((await second.Operator.GetAsync(MaintenanceRoutes.AuditVerify, OperatorJson.Default.AuditReport)).Problem);
            Assert.Equal("restore", (await second.Operator.GetAsync(MaintenanceRoutes.Audit, OperatorJson.Default.AuditAnswer)).Rows[0].Action);
            // Numbers go on behind those that were restored.
            Assert.Equal(4, second.Server.Networks.Create("third", Actor.Operator).Id);
        }

        var full = DataDirectory.Create(NewPath("full"));
        File.WriteAllText(full.KeyFile, key);
        string? used = toShared ? database : null;
        if (!toShared)
            NetworkStore.Open(full, TimeProvider.System).Dispose();
        string refused = Assert.Throws<OperatorException>(() => Restoring.Run(backup, full, used, TimeProvider.System)).Message;
        Assert.Contains(toShared ? "is not empty" : "is there already", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Promise", "O10")]
    public async Task A_backup_while_the_network_changes_is_of_one_moment(bool shared)
    {
        await using var control = await RunningControl.StartAsync(NewPath("busy"), database: await DatabaseAsync(shared));
        await control.ApplyAsync(Samples.Acme);
        using var stop = new CancellationTokenSource();
        // Every change adds a site and a resource on it: a backup that sees one without the other is torn.
        var changing = Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                control.Ledger.Change(
                    state => state with
                    {
                        Revision = state.Revision + 1,
                        Cursors = state.Cursors with { Id = state.Cursors.Id + 2 },
                        Sites = state.Sites.Append(new Site(state.Cursors.Id, $"site-{i}")).ToValueList(),
                        Resources = state.Resources.Append(state.Resources[0] with { Id = state.Cursors.Id + 1, Name = $"resource-{i}", Site = state.Cursors.Id, Alias = null, OverlayIpv4 = null, OverlayIpv6 = null }).ToValueList(),
                    },
                    (_, _) => new AuditEntry(Actor.Operator, "add", $"site site-{i}"));
            }
        });
        for (int i = 0; i < 5; i++)
        {
            string file = NewPath($"{i}.backup");
            await BackUpAsync(control.Operator, file);
            var directory = DataDirectory.Create(NewPath($"restored-{i}"));
            File.Copy(Path.Combine(control.Directory, "control.key"), directory.KeyFile);
            Restoring.Run(file, directory, null, TimeProvider.System);
            using var store = NetworkStore.Open(directory, TimeProvider.System);
            var state = store.Load(1)!.State;
            Assert.Equal(state.Revision, state.Sites.Count);
            Assert.Equal(state.Revision, state.Resources.Count);
            Assert.Null(store.Database.ReadSnapshot(connection => AuditCheck.Run(connection, store.Audit)).Problem);
            Assert.Equal(state.Revision, store.Database.Read(connection => connection.QuerySingle<long>("SELECT count(*) FROM audit WHERE organisation = 1")));
        }

        await stop.CancelAsync();
        await changing;
    }

    [Fact]
    [Trait("Threat", "38")]
    public async Task A_backup_that_is_cut_off_or_damaged_restores_nothing()
    {
        string file = NewPath("whole.backup");
        string key;
        await using (var control = await RunningControl.StartAsync(NewPath("server")))
        {
            await control.ApplyAsync(Samples.Acme);
            await BackUpAsync(control.Operator, file);
            key = File.ReadAllText(Path.Combine(control.Directory, "control.key"));
        }

        byte[] whole = await File.ReadAllBytesAsync(file);
        string lines = Unpacked(whole);
        var random = new Random(TestSeed.Next());
        var damaged = new List<byte[]> { Array.Empty<byte>(), whole[..10], Packed(lines[..(lines.Length / 2)]), Packed("nonsense\n"), Encoding.UTF8.GetBytes("no gzip") };
        damaged.AddRange(Enumerable.Range(0, 10).Select(_ => whole[..random.Next(whole.Length)]));
        string[] each = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        damaged.AddRange(Enumerable.Range(0, 10).Select(_ => random.Next(1, each.Length - 1)).Select(at => Packed(string.Join('\n', each.Where((_, i) => i != at)) + "\n")));
        damaged.Add(Packed(lines.Replace("office-1", "office-2", StringComparison.Ordinal)));
        damaged.Add(Packed(lines.Replace("\"table\":\"site\"", "\"table\":\"site; DROP TABLE audit\"", StringComparison.Ordinal)));
        var directory = DataDirectory.Create(NewPath("restored"));
        File.WriteAllText(directory.KeyFile, key);
        foreach (byte[] content in damaged)
        {
            await File.WriteAllBytesAsync(NewPath("damaged"), content);
            var refused = Assert.Throws<OperatorException>(() => Restoring.Run(NewPath("damaged"), directory, null, TimeProvider.System));
            Assert.StartsWith("the backup is damaged, nothing was restored: ", refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(directory.Database));
        }

        await File.WriteAllBytesAsync(NewPath("damaged"), Packed(lines.Replace($"\"{Migration.All[^1].Version}\":\"", "\"99\":\"", StringComparison.Ordinal)));
        Assert.Contains("a newer keyhole-control has written it", Assert.Throws<OperatorException>(() => Restoring.Run(NewPath("damaged"), directory, null, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.True(Restoring.Run(file, directory, null, TimeProvider.System).Rows > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Promise", "O11")]
    public async Task An_upgrade_of_a_populated_database_makes_a_backup_first_and_keeps_everything(bool shared)
    {
        string? database = await DatabaseAsync(shared);
        var directory = DataDirectory.Create(NewPath("old"));
        // The first schema, with a network in it, as the program of that time left it.
        Database Old(string path) => shared ? PostgresDatabase.Open(database!, [Migration.All[0]]) : SqliteDatabase.Open(path, [Migration.All[0]]);
        StoredNetwork stored;
        using (var old = Old(directory.Database))
        using (var secrets = new SecretBox(KeyFile.Create(directory.KeyFile)))
        {
            var audit = new AuditLog(secrets, TimeProvider.System);
            stored = old.Write((connection, transaction) =>
            {
                connection.Execute("INSERT INTO setting (name, content) VALUES ('key-check', @Check)", new { secrets.Check }, transaction);
                audit.Begin(connection, transaction);
                audit.Append(connection, transaction, 1, new AuditEntry(Actor.Operator, "apply", "org acme"), 1);
                return StateWriter.Write(connection, transaction, StoredNetwork.None, Samples.AcmeNetwork());
            });
        }

        string lineage;
        using (var store = NetworkStore.Open(directory, TimeProvider.System, database))
        {
            lineage = store.Lineage;
            Assert.Equal(stored, store.Load(1));
            Assert.Null(store.Database.ReadSnapshot(connection => AuditCheck.Run(connection, store.Audit)).Problem);
            Assert.Equal(Migration.All.Count, store.Database.Read(connection => connection.QuerySingle<int>("SELECT count(*) FROM migration")));
        }

        // Once only, and good for the way back: restored by this program it is upgraded again.
        using (var store = NetworkStore.Open(directory, TimeProvider.System, database))
            Assert.Equal(lineage, store.Lineage);
        string backup = Assert.Single(Directory.GetFiles(directory.Path, "before-upgrade-*"));
        Assert.EndsWith(".backup", backup, StringComparison.Ordinal);
        using (var reader = new BackupReader(backup))
            Assert.Equal([1], reader.Header.Migrations.Keys);
        var again = DataDirectory.Create(NewPath("again"));
        File.Copy(directory.KeyFile, again.KeyFile);
        Restoring.Run(backup, again, null, TimeProvider.System);
        using var restored = NetworkStore.Open(again, TimeProvider.System);
        var loaded = restored.Load(1)!;
        AssertRestored(stored.State, loaded.State);
        Assert.Equal(stored, loaded with { State = stored.State });
    }

    /// <summary>All is as it was, but that no identifier is given again that may have been given after the backup.</summary>
    private static void AssertRestored(NetworkState before, NetworkState after)
    {
        Assert.True(after.Cursors.Id >= before.Cursors.Id + 1_000_000);
        Assert.Equal(before, after with { Cursors = after.Cursors with { Id = before.Cursors.Id } });
    }

    private static string Unpacked(byte[] file)
    {
        using var reader = new StreamReader(new GZipStream(new MemoryStream(file), CompressionMode.Decompress), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static byte[] Packed(string text)
    {
        using var file = new MemoryStream();
        using (var stream = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            stream.Write(Encoding.UTF8.GetBytes(text));
        return file.ToArray();
    }
}
