namespace Keyhole.Control;

/// <summary>Everything that logging in consists of, put together once per server.</summary>
internal sealed class LoginServices : IDisposable
{
    private SessionClock? _clock;

    public LoginServices(NetworkStore store, Networks networks, TimeProvider time, LoginAddress address, PasswordParameters parameters, ILoggerFactory loggers)
    {
        Log = loggers.CreateLogger("Keyhole.Control.Login");
        Time = time;
        Address = address;
        Networks = networks;
        Database = store.Database;
        Audit = store.Audit;
        Accounts = new Accounts(store.Database, store.Audit, time);
        Known = new KnownSources(store.Database, time);
        Hasher = new PasswordHasher(parameters);
        Limiter = new LoginLimiter(time);
        Factors = new SecondFactors(Accounts, store.Secrets, time);
        Passwords = new PasswordLogin(Accounts, Known, Hasher, Factors, Limiter);
        Sessions = new LoginSessions(store.Database, store.Audit, networks, time, Log);
        PasswordChange = new PasswordChange(store.Database, Accounts, Sessions);
        Devices = new DeviceCodes(store.Database, store.Audit, Sessions, time);
        Links = new OneTimeLinks(time);
        Setup = new ServerSetup(store.Database, store.Audit, Accounts, Links, networks, Hasher);
        Resets = new PasswordResets(store.Database, store.Audit, Accounts, Links, PasswordChange, Hasher);
        Sealed = new SealedJson(store.Secrets);
        UsedAtProviders = new UsedTickets(time);
        PasskeyStore = new PasskeyStore(store.Database, store.Audit, Accounts);
        Passkeys = new Passkeys(PasskeyStore, Sealed, new UsedTickets(time), address, time, loggers);
        Providers = new OpenIdProviders(store.Database, store.Audit, store.Secrets);
        OpenId = new OpenIdClient(time);
        OpenIdUsers = new OpenIdUsers(store.Database, store.Audit, Accounts, networks, Log);
    }

    public ILogger Log { get; }

    public TimeProvider Time { get; }

    public LoginAddress Address { get; }

    public Networks Networks { get; }

    public Database Database { get; }

    public AuditLog Audit { get; }

    public Accounts Accounts { get; }

    public KnownSources Known { get; }

    public PasswordHasher Hasher { get; }

    public LoginLimiter Limiter { get; }

    public SecondFactors Factors { get; }

    public PasswordLogin Passwords { get; }

    public LoginSessions Sessions { get; }

    public PasswordChange PasswordChange { get; }

    public DeviceCodes Devices { get; }

    public OneTimeLinks Links { get; }

    public ServerSetup Setup { get; }

    public PasswordResets Resets { get; }

    public SealedJson Sealed { get; }

    /// <summary>Logins at providers that are complete.</summary>
    public UsedTickets UsedAtProviders { get; }

    public PasskeyStore PasskeyStore { get; }

    public Passkeys Passkeys { get; }

    public OpenIdProviders Providers { get; }

    public OpenIdClient OpenId { get; }

    public OpenIdUsers OpenIdUsers { get; }

    /// <summary>The organisations in which an account counts and may act.</summary>
    public IReadOnlyList<Network> NetworksOf(Account account)
    {
        var confined = Database.Read(connection => AccountOrganisations.Of(connection, null, account.Id));
        return [.. Networks.All.Where(network => confined?.Contains(network.Id) != false && OrganisationUsers.Find(network.Ledger.State, account.Email) is { Disabled: false })];
    }

    /// <summary>The names of <see cref="NetworksOf"/>.</summary>
    public IReadOnlyList<string> OrganisationsOf(Account account) => [.. NetworksOf(account).Select(network => network.Name)];

    /// <summary>Takes out the devices whose session is gone, now and from time to time.</summary>
    public void Start()
    {
        Sessions.EndOrphans();
        _clock ??= new SessionClock(Sessions, Time, Log);
    }

    public void Dispose()
    {
        _clock?.Dispose();
        Passkeys.Dispose();
        OpenId.Dispose();
        Hasher.Dispose();
    }
}
