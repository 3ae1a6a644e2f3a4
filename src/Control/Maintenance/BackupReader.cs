using System.Data.Common;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>Reads a backup into an empty database. A file that is cut off, damaged or of another program changes nothing.</summary>
internal sealed class BackupReader : IDisposable
{
    private const int MaximumLineLength = 64 * 1024 * 1024;

    private readonly Stream _file;
    private readonly BufferedStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream _line = new();

    /// <summary>Reads the header.</summary>
    /// <exception cref="OperatorException">The file is no backup, or cannot be read.</exception>
    public BackupReader(string path)
    {
        try
        {
            _file = File.OpenRead(path);
            _stream = new BufferedStream(new GZipStream(_file, CompressionMode.Decompress), 64 * 1024);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"the backup cannot be read: {error.Message}");
        }

        Header = Parse(Next(), BackupJson.Default.BackupHeader);
        if (Header.Format != BackupHeader.FormatName)
            throw Damaged("it is no backup of this program, or of a newer version");
    }

    public BackupHeader Header { get; }

    /// <summary>Fills the tables.</summary>
    /// <param name="tables">The tables that there are, all empty.</param>
    /// <returns>How many rows there were.</returns>
    /// <exception cref="OperatorException">The file is damaged.</exception>
    public long Fill(DbConnection connection, DbTransaction transaction, IReadOnlyCollection<string> tables)
    {
        long rows = 0;
        BackupTable? table = null;
        DbCommand? insert = null;
        try
        {
            while (true)
            {
                string expected = Convert.ToHexStringLower(_hash.GetCurrentHash());
                var line = Next();
                if (line.Span[0] == (byte)'[')
                {
                    if (table is null || insert is null)
                        throw Damaged("rows come before their table");
                    Insert(insert, table, line);
                    rows++;
                    continue;
                }

                if (line.Span.StartsWith("{\"rows\""u8))
                {
                    var end = Parse(line, BackupJson.Default.BackupEnd);
                    return end.Rows == rows && end.Sha256 == expected ? rows : throw Damaged("its checksum is wrong");
                }

                table = Parse(line, BackupJson.Default.BackupTable);
                if (!tables.Contains(table.Table))
                    throw Damaged($"it holds a table \"{Findings.Shown(table.Table)}\" that its schema does not have");
                insert?.Dispose();
                insert = Prepare(connection, transaction, table);
            }
        }
        finally
        {
            insert?.Dispose();
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _file.Dispose();
        _hash.Dispose();
        _line.Dispose();
    }

    private static DbCommand Prepare(DbConnection connection, DbTransaction transaction, BackupTable table)
    {
        if (table.Columns.Count == 0 || !table.Columns.All(column => column.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_')))
            throw Damaged("a column has no name");
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"INSERT INTO {table.Table} ({string.Join(", ", table.Columns)}) VALUES ({string.Join(", ", table.Columns.Select(column => "@" + column))})";
        foreach (string column in table.Columns)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = column;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static void Insert(DbCommand insert, BackupTable table, ReadOnlyMemory<byte> line)
    {
        try
        {
            using var row = JsonDocument.Parse(line);
            if (row.RootElement.GetArrayLength() != table.Columns.Count)
                throw Damaged($"a row of {table.Table} has another number of columns");
            int i = 0;
            foreach (var value in row.RootElement.EnumerateArray())
            {
                insert.Parameters[i++].Value = value.ValueKind switch
                {
                    JsonValueKind.Null => DBNull.Value,
                    JsonValueKind.String => value.GetString()!,
                    JsonValueKind.Number => value.GetInt64(),
                    _ => throw Damaged($"a row of {table.Table} holds neither text nor number"),
                };
            }
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            throw Damaged("a line is no JSON");
        }

        insert.ExecuteNonQuery();
    }

    private static T Parse<T>(ReadOnlyMemory<byte> line, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(line.Span, type) ?? throw Damaged("a line is empty");
        }
        catch (JsonException)
        {
            throw Damaged($"\"{Findings.Shown(Encoding.UTF8.GetString(line.Span))}\" is not what stands here in a backup");
        }
    }

    private ReadOnlyMemory<byte> Next()
    {
        _line.SetLength(0);
        try
        {
            for (int next = _stream.ReadByte(); next != '\n'; next = _stream.ReadByte())
            {
                if (next < 0)
                    throw Damaged("it ends too early");
                if (_line.Length == MaximumLineLength)
                    throw Damaged("a line has no end");
                _line.WriteByte((byte)next);
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw Damaged(error.Message);
        }

        _line.WriteByte((byte)'\n');
        _hash.AppendData(_line.GetBuffer().AsSpan(0, (int)_line.Length));
        return _line.GetBuffer().AsMemory(0, (int)_line.Length - 1) is { IsEmpty: false } line ? line : throw Damaged("a line is empty");
    }

    private static OperatorException Damaged(string how) => new($"the backup is damaged, nothing was restored: {how}");
}
