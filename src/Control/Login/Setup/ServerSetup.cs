using System.Data.Common;
using System.Net;

namespace Keyhole.Control;

/// <summary>
/// The first account of a server. No default password exists: whoever reads a file in the data directory, which only the operator
/// can, makes the first account, once.
/// </summary>
internal sealed class ServerSetup(Database database, AuditLog audit, Accounts accounts, OneTimeLinks links, Networks networks, PasswordHasher hasher)
{
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string? _file;

    /// <summary>Writes a new token into a file of mode 0600 while the server has no account; removes the file when it has.</summary>
    /// <returns>Whether a token waits.</returns>
    public bool Prepare(string file)
    {
        _file = file;
        if (accounts.Any())
        {
            File.Delete(file);
            return false;
        }

        // Another process on the same database may have made the token that its operator is about to use.
        if (File.Exists(file) && database.Read(connection => links.IsGood(connection, OneTimeLinks.Setup, File.ReadAllText(file).Trim())))
            return true;
        string token = database.Write((connection, transaction) => links.Make(connection, transaction, OneTimeLinks.Setup, null, Life));
        File.Delete(file);
        using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = FileMode600 });
        using var writer = new StreamWriter(stream);
        writer.WriteLine(token);
        return true;
    }

    /// <summary>Makes the first account, a server admin, and with it, where wanted, an organisation that it owns.</summary>
    /// <param name="organisation">A new one or one that a network file has made; null for none.</param>
    /// <exception cref="OperatorException">The token is unknown, used or old, or the address or the name is none.</exception>
    public async Task<Account> CompleteAsync(string token, string email, string password, string? organisation, IPAddress? address, CancellationToken cancel)
    {
        // A guess must not cost a hash.
        if (!database.Read(connection => links.IsGood(connection, OneTimeLinks.Setup, token)))
            throw NotGood();
        if (!HostSyntax.IsEmail(email))
            throw new OperatorException("this is no e-mail address");
        if (organisation is not null && !Names.IsName(organisation))
            throw new OperatorException($"\"{Findings.Shown(organisation)}\" is no name for an organisation: use {Names.Rule}");
        string hash = await hasher.HashAsync(password, cancel);
        var actor = new Actor("setup", address?.ToString());
        Account? account = null;
        void Make(DbConnection connection, DbTransaction transaction)
        {
            if (!links.Use(connection, transaction, OneTimeLinks.Setup, token, out _))
                throw NotGood();
            account = accounts.Create(connection, transaction, email, hash, isServerAdmin: true);
            audit.Append(connection, transaction, null, new AuditEntry(actor, "setup", $"account {email}"));
        }

        NetworkState Own(NetworkState state) => OrganisationUsers.Add(state, email, [FixedRoles.Owner]);

        // The token buys all of it or nothing.
        if (organisation is null)
            database.Write(Make);
        else if (networks.Find(organisation) is { } present)
            present.Ledger.Change(Own, (_, _) => new AuditEntry(actor, "add-user", $"user {email}", null, FixedRoles.Owner), Make);
        else
            networks.Create(organisation, actor, Own, Make);
        if (_file is not null)
            File.Delete(_file);
        return account!;
    }

    private static OperatorException NotGood() => new("the setup token is wrong, used or older than a day: the file setup-token in the data directory holds the present one; a restart of the server makes a new one");
}
