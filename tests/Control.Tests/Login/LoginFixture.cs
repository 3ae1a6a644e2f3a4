using System.Net;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Control.Tests;

/// <summary>Everything that logging in consists of, on a real database, in a time of its own.</summary>
internal sealed class LoginFixture : IDisposable
{
    public const string Password = "correct horse battery";

    public static readonly IPAddress Home = IPAddress.Parse("192.0.2.1");
    public static readonly Actor Tester = new("tester", null);

    private readonly NetworkStore _store;

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    public LoginFixture(string? database = null)
    {
        Directory = RunningControl.NewDirectory();
        _store = NetworkStore.Open(DataDirectory.Create(Directory), Clock, database);
        Networks = new Networks(_store, Clock, NullLoggerFactory.Instance);
        Services = new LoginServices(_store, Networks, Clock, new LoginAddress(new Uri("https://control.example")), new PasswordParameters(8, 1), NullLoggerFactory.Instance);
    }

    public string Directory { get; }

    public LoginClock Clock { get; } = new();

    public Networks Networks { get; }

    public LoginServices Services { get; }

    public async Task<Account> AccountAsync(string email = "ann@acme.example")
    {
        string hash = await Services.Hasher.HashAsync(Password, default);
        return Services.Database.Write((connection, transaction) => Services.Accounts.Create(connection, transaction, email, hash, isServerAdmin: false));
    }

    /// <summary>Gives the account one-time codes.</summary>
    /// <returns>The key and the recovery codes.</returns>
    public (byte[] Key, IReadOnlyList<string> Recovery) AddTotp(Account account)
    {
        byte[] key = Services.Factors.Begin(account);
        var codes = Services.Factors.Complete(Services.Accounts.Find(account.Id)!, Totp.Code(key, Totp.StepAt(Clock.GetUtcNow())), Tester)!;
        Clock.Move(TimeSpan.FromMinutes(2));
        return (key, codes);
    }

    public string Code(byte[] key) => Totp.Code(key, Totp.StepAt(Clock.GetUtcNow()));

    /// <summary>From now on the database refuses this.</summary>
    /// <param name="operation">"UPDATE", "DELETE" or "INSERT".</param>
    /// <param name="condition">In SQL, on OLD or NEW; null: always.</param>
    public void Refuse(string operation, string table, string? condition = null)
    {
        string when = condition is null ? "" : $"WHEN ({condition})";
        Execute(Services.Database.IsShared
            ? $"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; CREATE TRIGGER refuse BEFORE {operation} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION refuse()"
            : $"CREATE TRIGGER refuse BEFORE {operation} ON {table} {when} BEGIN SELECT RAISE(ABORT, 'refused'); END");
    }

    /// <summary>The database takes it again.</summary>
    public void Permit(string table) => Execute($"DROP TRIGGER refuse{(Services.Database.IsShared ? $" ON {table}" : "")}");

    private void Execute(string sql) => Services.Database.Write((connection, transaction) => connection.Execute(sql, transaction: transaction));

    public Task<LoginOutcome> TryAsync(string email, string password, string? code = null, string address = "192.0.2.1", string? browser = null) =>
        Services.Passwords.TryAsync(email, password, code, new LoginSource(IPAddress.Parse(address), browser), default);

    public void Dispose()
    {
        Services.Dispose();
        Networks.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _store.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
