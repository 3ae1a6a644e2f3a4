using System.Data;
using System.Data.Common;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// Writes a whole database as one gzip file of JSON lines: a header, and for each table its columns and one array per row, in the
/// order in which the tables were made, so that what is referred to comes first. It says nothing about the engine: a backup of
/// SQLite is restored into PostgreSQL and the other way round. Secrets are in it as they are in the database, hashed or sealed.
/// </summary>
internal sealed class BackupWriter : IDisposable
{
    private readonly GZipStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream _line = new();
    private long _rows;

    private BackupWriter(Stream file) => _stream = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);

    /// <param name="connection">Sees one moment.</param>
    public static void Write(Stream file, Database database, DbConnection connection, DbTransaction? transaction, DateTimeOffset now)
    {
        using var writer = new BackupWriter(file);
        writer.Write(database, connection, transaction, now);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
        _line.Dispose();
    }

    private void Write(Database database, DbConnection connection, DbTransaction? transaction, DateTimeOffset now)
    {
        var tables = database.TablesOf(connection, transaction).Where(table => table != Migration.Table).ToList();
        var migrations = connection.Query<(long Version, string Checksum)>($"SELECT version, checksum FROM {Migration.Table}", transaction: transaction)
            .ToDictionary(row => (int)row.Version, row => row.Checksum);
        string? check = tables.Contains("setting")
            ? connection.QueryFirstOrDefault<string>("SELECT content FROM setting WHERE name = 'key-check'", transaction: transaction)
            : null;
        Line(new BackupHeader(BackupHeader.FormatName, now, OperatorService.Version, migrations, check), BackupJson.Default.BackupHeader);
        foreach (string table in tables)
            WriteTable(connection, transaction, table);
        var end = new BackupEnd(_rows, Convert.ToHexStringLower(_hash.GetHashAndReset()));
        Line(end, BackupJson.Default.BackupEnd);
    }

    private void WriteTable(DbConnection connection, DbTransaction? transaction, string table)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"SELECT * FROM {table}";
        using var reader = command.ExecuteReader(CommandBehavior.SequentialAccess);
        Line(new BackupTable(table, [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)]), BackupJson.Default.BackupTable);
        while (reader.Read())
        {
            using (var json = new Utf8JsonWriter(_line))
            {
                json.WriteStartArray();
                for (int i = 0; i < reader.FieldCount; i++)
                    WriteValue(json, reader.GetValue(i), table);
                json.WriteEndArray();
            }

            _rows++;
            EndLine();
        }
    }

    private static void WriteValue(Utf8JsonWriter json, object value, string table)
    {
        switch (value)
        {
            case DBNull:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case long or int:
                json.WriteNumberValue(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                throw new InvalidOperationException($"The table {table} holds a {value.GetType().Name}: columns are TEXT or BIGINT.");
        }
    }

    private void Line<T>(T value, JsonTypeInfo<T> type)
    {
        JsonSerializer.Serialize(_line, value, type);
        EndLine();
    }

    private void EndLine()
    {
        _line.WriteByte((byte)'\n');
        var bytes = _line.GetBuffer().AsSpan(0, (int)_line.Length);
        _stream.Write(bytes);
        _hash.AppendData(bytes);
        _line.SetLength(0);
    }
}
