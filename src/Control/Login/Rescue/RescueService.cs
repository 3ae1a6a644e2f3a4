namespace Keyhole.Control;

/// <summary>What the operator on the box can put right when nobody can log in any more, and how users log in. All of it is audited.</summary>
/// <param name="origin">By which address browsers reach the server: without a slash at the end.</param>
internal sealed class RescueService(LoginServices services, Func<string> origin)
{
    public AccountsAnswer List() => new([.. services.Accounts.All().Select(account => new AccountLine(
        account.Email, account.IsServerAdmin, account.PasswordHash is not null, account.HasTotp, services.PasskeyStore.List(account.Id).Count, services.Sessions.List(account.Id).Count,
        [.. services.Networks.All.Where(network => OrganisationUsers.Find(network.Ledger.State, account.Email) is not null).Select(network => network.Name)]))]);

    /// <exception cref="OperatorException">There is no such account, or the password is too easy.</exception>
    public async Task<RescueAnswer> ResetPasswordAsync(RescueRequest request)
    {
        var account = Find(request.Email);
        if (request.Password is not { } password)
            return new RescueAnswer($"whoever opens this link within an hour sets the password of {account.Email}", Link(account));
        await services.Resets.SetAsync(account, password, Actor.Operator, CancellationToken.None);
        return new RescueAnswer($"the password of {account.Email} is set, and all its sessions are over", null);
    }

    /// <summary>Makes an account a server admin; one that does not exist yet is made, with a link for its password.</summary>
    /// <exception cref="OperatorException">The address is none.</exception>
    public RescueAnswer MakeAdmin(RescueRequest request)
    {
        var entry = new AuditEntry(Actor.Operator, "make-admin", $"account {request.Email}");
        if (services.Accounts.Find(request.Email) is { } present)
        {
            services.Accounts.SetServerAdmin(present, true, entry);
            return new RescueAnswer($"{present.Email} administers this server", null);
        }

        var made = services.Database.Write((connection, transaction) =>
        {
            services.Audit.Append(connection, transaction, null, entry);
            return services.Accounts.Create(connection, transaction, request.Email, null, isServerAdmin: true);
        });
        return new RescueAnswer($"the account {made.Email} was made and administers this server; whoever opens this link within an hour sets its password", Link(made));
    }

    /// <exception cref="OperatorException">There is no such account.</exception>
    public RescueAnswer RemoveSecondFactor(RescueRequest request)
    {
        var account = Find(request.Email);
        services.Accounts.RemoveSecondFactor(account, withPasskeys: true, new AuditEntry(Actor.Operator, "disable-2fa", $"account {account.Email}"));
        services.Sessions.EndOthers(account, null, Actor.Operator);
        return new RescueAnswer($"{account.Email} logs in by password alone; its one-time codes, recovery codes and passkeys are gone, and all its sessions are over", null);
    }

    /// <summary>Gives an account another address, in every organisation in which it counts. What broke off is done by saying it again.</summary>
    /// <exception cref="OperatorException">There is no such account, or the address is none or another's.</exception>
    public RescueAnswer ChangeEmail(EmailRequest request)
    {
        var account = services.Accounts.Find(request.Email) ?? services.Accounts.Find(request.Next) ?? Find(request.Email);
        var confined = services.Database.Read(connection => AccountOrganisations.Of(connection, null, account.Id));
        var networks = services.Networks.All.Where(network => confined?.Contains(network.Id) != false && OrganisationUsers.Find(network.Ledger.State, request.Email) is not null).ToList();
        foreach (var network in networks)
            OrganisationUsers.Rename(network.Ledger.State, request.Email, request.Next);
        services.Database.Write((connection, transaction) =>
        {
            Accounts.SetEmail(connection, transaction, account, request.Next);
            services.Audit.Append(connection, transaction, null, new AuditEntry(Actor.Operator, "change-email", $"account {account.Email}", account.Email, request.Next));
        });
        foreach (var network in networks)
            network.Ledger.Change(state => OrganisationUsers.Rename(state, request.Email, request.Next), (_, _) => new AuditEntry(Actor.Operator, "change-email", $"user {request.Email}", request.Email, request.Next));
        return new RescueAnswer(
            $"the account {request.Email} is {request.Next} from now on{(networks.Count == 0 ? "" : $", also as a user of {string.Join(", ", networks.Select(network => network.Name))}: write it into the network file, too")}", null);
    }

    public ProvidersAnswer Providers() => new([.. services.Providers.All().Select(provider => new ProviderLine(
        provider.Name, provider.IssuerText, provider.ClientId, provider.ClientSecret is not null, services.Networks.FindById(provider.Organisation)?.Name ?? "", provider.RoleClaim, provider.Roles, provider.CreatesUsers,
        $"{origin()}/login/oidc/{provider.Name}/callback"))]);

    /// <exception cref="OperatorException">A value is wrong.</exception>
    public ProvidersAnswer SetProvider(ProviderRequest request)
    {
        if (!Names.IsName(request.Name))
            throw new OperatorException($"\"{Findings.Shown(request.Name)}\" is no name for a login provider: use {Names.Rule}");
        if (!Uri.TryCreate(request.Issuer, UriKind.Absolute, out var issuer) || !OpenIdMetadata.IsSafe(issuer) || issuer.Query.Length != 0 || issuer.Fragment.Length != 0 || issuer.UserInfo.Length != 0)
            throw new OperatorException($"--issuer {Findings.Shown(request.Issuer)} is no https URL as the provider writes it");
        if (request.ClientId.Length is 0 or > 255)
            throw new OperatorException("--client-id is empty or too long");
        if (request.Roles.Count != 0 && request.RoleClaim is null)
            throw new OperatorException("--map needs --role-claim, the claim whose values it maps");
        var network = services.Networks.Choose(request.Organisation);
        if (request.Roles.Values.FirstOrDefault(role => !network.Ledger.State.Roles.Any(known => Names.Comparer.Equals(known.Name, role))) is { } unknown)
            throw OperatorErrors.Unknown("role", unknown, network.Ledger.State.Roles.Select(role => role.Name));
        services.Providers.Set(
            new OpenIdProvider(request.Name.ToLowerInvariant(), issuer, request.ClientId, request.ClientSecret, network.Id, request.RoleClaim, request.Roles, request.CreatesUsers), Actor.Operator);
        return Providers();
    }

    /// <exception cref="OperatorException">There is none of this name.</exception>
    public ProvidersAnswer RemoveProvider(ProviderName request) => services.Providers.Remove(request.Name, Actor.Operator)
        ? Providers()
        : throw OperatorErrors.Unknown("login provider", request.Name, services.Providers.All().Select(provider => provider.Name));

    private string Link(Account account) => $"{origin()}/reset/{services.Resets.Make(account, Actor.Operator)}";

    private Account Find(string email) => services.Accounts.Find(email)
        ?? throw OperatorErrors.Unknown("account", email, services.Accounts.All().Select(account => account.Email));
}
