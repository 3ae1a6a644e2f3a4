namespace Keyhole.Control.Tests;

/// <summary>For whom a provider speaks: nobody but its own organisation decides.</summary>
public sealed class OpenIdUsersTests : IDisposable
{
    private readonly LoginFixture _fixture = new();
    private readonly Network _acme;
    private readonly Network _globex;
    private readonly OpenIdProvider _provider;

    public OpenIdUsersTests()
    {
        _acme = _fixture.Networks.Create("acme", LoginFixture.Tester);
        _globex = _fixture.Networks.Create("globex", LoginFixture.Tester);
        _provider = new OpenIdProvider("entra", new Uri("https://login.acme.example"), "keyhole", null, _acme.Id, null, new Dictionary<string, string>(), CreatesUsers: true);
        _fixture.Services.Providers.Set(_provider, LoginFixture.Tester);
    }

    public void Dispose() => _fixture.Dispose();

    [Fact]
    [Trait("Threat", "27")]
    public void What_another_organisation_writes_among_its_users_keeps_nobody_from_logging_in()
    {
        Add(_globex, "new@acme.example");
        var bob = Admit("bob");
        Add(_globex, "bob@acme.example");
        Assert.Equal(bob.Id, Admit("bob").Id);
        Assert.Equal("new@acme.example", Admit("new").Email);
        Assert.NotNull(OrganisationUsers.Find(_acme.Ledger.State, "new@acme.example"));
    }

    [Fact]
    [Trait("Threat", "27")]
    public void An_account_that_counts_elsewhere_too_is_not_opened_and_joins_nothing()
    {
        var login = _fixture.Services;
        var bob = Admit("bob");
        Add(_globex, "bob@acme.example");
        login.Database.Write((connection, transaction) =>
        {
            AccountOrganisations.Add(connection, transaction, bob.Id, _globex.Id);
            login.Accounts.Create(connection, transaction, "eve@acme.example", null, isServerAdmin: false, _globex.Id);
            login.Accounts.Create(connection, transaction, "root@acme.example", null, isServerAdmin: true);
        });
        _acme.Ledger.Change(state => state with { Users = [] }, (_, _) => new AuditEntry(LoginFixture.Tester, "remove-user", "bob"));
        foreach (string name in new[] { "bob", "eve", "root" })
            Assert.Contains("does not count in acme alone", Assert.Throws<OpenIdException>(() => Admit(name)).Message, StringComparison.Ordinal);
        Assert.Empty(_acme.Ledger.State.Users);

        // Who has left the other organisation is this one's alone again; who was made elsewhere is not.
        _globex.Ledger.Change(state => state with { Users = [] }, (_, _) => new AuditEntry(LoginFixture.Tester, "remove-user", "bob"));
        Assert.Equal(bob.Id, Admit("bob").Id);
        Assert.Throws<OpenIdException>(() => Admit("eve"));
    }

    [Fact]
    [Trait("Threat", "27")]
    public void A_provider_goes_with_its_organisation_and_admits_nobody_to_another_of_its_name()
    {
        _fixture.Networks.Delete(_acme, LoginFixture.Tester);
        var next = _fixture.Networks.Create("acme", LoginFixture.Tester);
        Assert.Empty(_fixture.Services.Providers.All());
        Assert.Throws<OpenIdException>(() => Admit("bob"));
        Assert.Empty(next.Ledger.State.Users);
    }

    private Account Admit(string name) => _fixture.Services.OpenIdUsers.Admit(_provider, new IdToken(name, $"{name}@acme.example", []), LoginFixture.Tester);

    private static void Add(Network network, string email) =>
        network.Ledger.Change(state => OrganisationUsers.Add(state, email, [FixedRoles.Member]), (_, _) => new AuditEntry(LoginFixture.Tester, "add-user", email));
}
