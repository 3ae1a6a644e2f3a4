using System.Data.Common;
using System.Security.Cryptography;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// What a database remembers, from its beginning on. One that was restored begins another: what was made, used up and ended after its backup is unknown to it,
/// and its revisions were given before, for other tables.
/// </summary>
internal static class History
{
    private const int NameLength = 32;

    /// <summary>
    /// How many identifiers an organisation may have given between a backup and its loss, and how many generations of hosts: a thousandth of what there are, so
    /// that it can be restored hundreds of times.
    /// </summary>
    private const int Unknown = 2_000_000;

    /// <summary>Those whom it tells of the end are programs: browsers just ask for a login.</summary>
    private const string Over = "The server was restored from a backup, and all logins ended with that: run \"keyhole login\" again.";

    /// <summary>What is good once, or until somebody ends it before its time: it may have been, after the backup.</summary>
    private static readonly string[] Passing =
    [
        "INSERT INTO ended_session (token_hash, reason, until) SELECT token_hash, @Over, expires_at FROM login_session",
        "DELETE FROM login_session",
        "DELETE FROM device_code",
        "DELETE FROM one_time_link",
        "DELETE FROM known_browser",
        "DELETE FROM invitation WHERE used_at IS NULL",
    ];

    /// <summary>
    /// Numbers that were given after the backup, too: a host would take a user with a number that it knows for the one whose account it made, and an old
    /// certificate would prove a host of a later generation.
    /// </summary>
    private static readonly string[] Numbers =
    [
        "UPDATE organisation SET next_id = next_id + @Unknown",
        "UPDATE ssh_authority SET next_generation = next_generation + @Unknown",
    ];

    /// <summary>Ends the history of a database that is being restored, whatever its schema: who opens it next begins another.</summary>
    public static void End(DbConnection connection, DbTransaction transaction)
    {
        connection.Execute("DELETE FROM setting WHERE name = 'lineage'", transaction: transaction);
        connection.Execute("INSERT INTO setting (name, content) VALUES ('history', 'ended') ON CONFLICT (name) DO NOTHING", transaction: transaction);
    }

    /// <summary>Begins a history where there is none. Of several servers that open the database at once, one is first.</summary>
    /// <returns>Its name: 32 lower-case hexadecimal digits.</returns>
    public static string Begin(DbConnection connection, DbTransaction transaction)
    {
        if (connection.Execute("DELETE FROM setting WHERE name = 'history'", transaction: transaction) != 0)
        {
            foreach (string statement in Passing.Concat(Numbers))
                connection.Execute(statement, new { Over, Unknown }, transaction);
        }

        connection.Execute(
            "INSERT INTO setting (name, content) VALUES ('lineage', @New) ON CONFLICT (name) DO NOTHING",
            new { New = RandomNumberGenerator.GetHexString(NameLength, lowercase: true) }, transaction);
        return connection.QuerySingle<string>("SELECT content FROM setting WHERE name = 'lineage'", transaction: transaction);
    }
}
