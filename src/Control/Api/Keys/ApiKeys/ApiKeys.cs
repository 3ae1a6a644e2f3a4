using System.Data.Common;
using System.Net;
using System.Text.Json;
using Dapper;

namespace Keyhole.Control;

/// <summary>The API keys of all organisations.</summary>
internal sealed class ApiKeys(Database database, TimeProvider time)
{
    public const string Prefix = "kha_";

    /// <summary>Of one organisation.</summary>
    public const int MaximumCount = 1000;

    private const string Columns = "id, organisation, name, hash, scopes, maker, created_at, expires, last_used";
    private static readonly TimeSpan LastUsedStep = TimeSpan.FromMinutes(1);

    /// <summary>The caller that a key stands for; null when it is unknown or over.</summary>
    public Caller? Find(string text, IPAddress? address)
    {
        if (KeyToken.Parse(text, Prefix) is not { } token)
            return null;
        var row = database.Read(connection => connection.QueryFirstOrDefault<KeyRecord>($"SELECT {Columns} FROM api_key WHERE id = @Id", new { token.Id }));
        var now = time.GetUtcNow();
        if (!token.Matches(row?.Hash) || ToKey(row!) is not { } key || key.Expires <= now)
            return null;
        if (!(key.LastUsed > now - LastUsedStep))
            NoteUse(key.Id, now);
        return new Caller(CallerKind.ApiKey, key.Name, null, null, address) { Key = key, IsStillGood = () => !(key.Expires <= time.GetUtcNow()) && Of(key.Organisation).Any(present => present.Id == key.Id) };
    }

    public IReadOnlyList<ApiKey> Of(int organisation) => database.Read(connection =>
        connection.Query<KeyRecord>($"SELECT {Columns} FROM api_key WHERE organisation = @Organisation", new { Organisation = organisation }).Select(ToKey).ToList());

    /// <exception cref="ApiException">The name is taken, or there are too many.</exception>
    public static void Add(DbConnection connection, DbTransaction transaction, ApiKey key)
    {
        var parameters = new { key.Organisation, key.Name };
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM api_key WHERE organisation = @Organisation AND lower(name) = lower(@Name)", parameters, transaction) != 0)
            throw ApiException.Field("name", "another API key has this name");
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM api_key WHERE organisation = @Organisation", parameters, transaction) >= MaximumCount)
            throw new ApiException(StatusCodes.Status409Conflict, $"There are {MaximumCount} API keys already: remove some first.");
        connection.Execute(
            $"INSERT INTO api_key ({Columns}) VALUES (@Id, @Organisation, @Name, @Hash, @Scopes, @Maker, @CreatedAt, @Expires, NULL)",
            new
            {
                key.Id,
                key.Organisation,
                key.Name,
                key.Hash,
                Scopes = JsonSerializer.Serialize(key.Scopes.ToArray(), StoreJson.Default.StringArray),
                key.Maker,
                CreatedAt = key.CreatedAt.ToUnixTimeMilliseconds(),
                Expires = key.Expires?.ToUnixTimeMilliseconds(),
            },
            transaction);
    }

    /// <param name="check">Told the identifier of the key; throws to refuse.</param>
    /// <exception cref="ApiException">There is none of this name.</exception>
    public static void Remove(DbConnection connection, DbTransaction transaction, int organisation, string name, Action<string> check)
    {
        string id = connection.QuerySingleOrDefault<string>("SELECT id FROM api_key WHERE organisation = @Organisation AND lower(name) = lower(@Name)", new { Organisation = organisation, Name = name }, transaction)
            ?? throw ApiException.NotFound("API key", name);
        check(id);
        connection.Execute("DELETE FROM api_key WHERE id = @Id", new { Id = id }, transaction);
    }

    private void NoteUse(string id, DateTimeOffset now)
    {
        try
        {
            database.Write((connection, transaction) =>
                connection.Execute("UPDATE api_key SET last_used = @Now WHERE id = @Id", new { Id = id, Now = now.ToUnixTimeMilliseconds() }, transaction));
        }
        catch (OperatorException)
        {
            // A full disk must not keep a key from reading.
        }
    }

    private static ApiKey ToKey(KeyRecord row) => new(
        row.Id, (int)row.Organisation, row.Name, row.Hash, JsonSerializer.Deserialize(row.Scopes, StoreJson.Default.StringArray)!.ToValueList(), (int)row.Maker,
        DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt), KeyTimes.FromColumn(row.Expires), KeyTimes.FromColumn(row.LastUsed));

    private sealed class KeyRecord
    {
        public string Id { get; init; } = "";
        public long Organisation { get; init; }
        public string Name { get; init; } = "";
        public string Hash { get; init; } = "";
        public string Scopes { get; init; } = "";
        public long Maker { get; init; }
        public long CreatedAt { get; init; }
        public long? Expires { get; init; }
        public long? LastUsed { get; init; }
    }
}
