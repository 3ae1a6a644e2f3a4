using System.IO.Compression;
using System.Net;
using System.Text;

namespace Keyhole.Control.Tests;

/// <summary>
/// Everything that shows a secret, on both databases, and then every row of every table: a stolen database yields none of them.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class StolenDatabaseTests(PostgresServer postgres)
{
    private async Task<string?> DatabaseAsync(bool shared) => shared ? await postgres.CreateAsync() : null;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Threat", "32")]
    public async Task No_row_holds_a_secret_of_agents_clients_keys_or_invitations_in_any_form(bool shared)
    {
        await using var server = await ApiServer.StartAsync(await DatabaseAsync(shared));
        var secrets = await DisclosureTests.ShowSecretsAsync(server);
        (await server.Control.AgentAsync(AgentKind.Relay, "vps")).Dispose();
        string config = (await server.Control.ConfigAsync("phone")).Config;
        secrets.AddRange(config.Split('\n').Where(line => line.StartsWith("PrivateKey", StringComparison.Ordinal) || line.StartsWith("PresharedKey", StringComparison.Ordinal)).Select(line => line.Split(" = ")[1].Trim()));
        Assert.Equal(11, secrets.Count);
        AssertHoldsNone(server.Control.Server.Networks.Store.Database, secrets);
        var found = Assert.Throws<Xunit.Sdk.DoesNotContainException>(() => AssertHoldsNone(server.Control.Server.Networks.Store.Database, ["alice@example.com"]));
        Assert.NotNull(found);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Threat", "32")]
    public async Task No_row_holds_a_secret_of_a_login_in_any_form(bool shared)
    {
        using var fixture = new LoginFixture(await DatabaseAsync(shared));
        string file = Path.Combine(fixture.Directory, "setup-token");
        Assert.True(fixture.Services.Setup.Prepare(file));
        string setup = (await File.ReadAllTextAsync(file)).Trim();
        var unused = await fixture.Services.Setup.CompleteAsync(setup, "root@acme.example", LoginFixture.Password, "acme", LoginFixture.Home, default);
        var account = await fixture.AccountAsync();
        var (key, recovery) = fixture.AddTotp(account);
        account = fixture.Services.Accounts.Find(account.Id)!;
        Assert.NotNull(await fixture.TryAsync("ann@acme.example", LoginFixture.Password, fixture.Code(key)));
        var grant = fixture.Services.Devices.Begin("laptop", LoginFixture.Home);
        Assert.True(fixture.Services.Devices.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester));
        fixture.Clock.Move(grant.Interval);
        var poll = fixture.Services.Devices.Poll(grant.DeviceCode, LoginFixture.Home);
        var waiting = fixture.Services.Devices.Begin("tablet", LoginFixture.Home);
        var (_, session) = fixture.Services.Sessions.Begin(account, SessionKind.Browser, "Firefox", LoginFixture.Home, "password");
        const string ClientSecret = "the-secret-of-the-client";
        fixture.Services.Providers.Set(new OpenIdProvider("acme", new Uri("https://login.acme.example"), "keyhole", ClientSecret, fixture.Networks.Find("acme")!.Id, null, new Dictionary<string, string>(), false), LoginFixture.Tester);
        Assert.Equal(ClientSecret, fixture.Services.Providers.Find("acme")!.ClientSecret);
        string reset = fixture.Services.Resets.Make(unused, LoginFixture.Tester);
        Assert.NotNull(fixture.Services.Sessions.Find(session, fixture.Clock.GetUtcNow()));
        AssertHoldsNone(fixture.Services.Database,
        [
            LoginFixture.Password, setup, Convert.ToBase64String(key), Base32.Encode(key), Convert.ToHexString(key), .. recovery, .. recovery.Select(code => code.Replace("-", "", StringComparison.Ordinal)),
            grant.DeviceCode, waiting.DeviceCode, poll.Token!, session, session[4..], ClientSecret, Convert.ToBase64String(Encoding.UTF8.GetBytes(ClientSecret)), reset,
        ]);
    }

    [Fact]
    [Trait("Threat", "31")]
    public async Task Of_two_hundred_uses_of_a_one_use_key_on_two_servers_exactly_one_wins()
    {
        string database = await postgres.CreateAsync();
        await using var server = await ApiServer.StartAsync(database);
        string directory = DataDirectory.Create(RunningControl.NewDirectory()).Path;
        File.Copy(Path.Combine(server.Control.Directory, "control.key"), Path.Combine(directory, "control.key"));
        await using var second = await RunningControl.StartAsync(directory, server.Sessions, database);
        var made = (await server.PostAsync(ApiServer.Owner, "/provisioning-keys", """{"name":"fleet","kind":"machine"}""")).Expect(HttpStatusCode.Created);
        string key = made.Json.GetProperty("key").GetString()!;
        var uses = Enumerable.Range(0, 200).Select(i => server.SendWithTokenAsync(
            null, HttpMethod.Post, new Uri(i % 2 == 0 ? server.Control.Address : second.Address, "/api/v1/provision").ToString(), $$"""{"key":"{{key}}","name":"m-{{i}}"}"""));
        var answers = await Task.WhenAll(uses);
        var won = Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(answer => answer != won), answer => Assert.True(answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, answer.Text));
    }

    /// <summary>A backup is every row: unpacked, it is searched as it is and without the escapes of JSON.</summary>
    private static void AssertHoldsNone(Database database, IReadOnlyCollection<string> secrets)
    {
        using var file = new MemoryStream();
        database.ReadSnapshot(connection =>
        {
            BackupWriter.Write(file, database, connection, null, Samples.Now);
            return true;
        });
        file.Position = 0;
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress), Encoding.UTF8);
        string rows = reader.ReadToEnd();
        Assert.Contains("\"table\":\"credential\"", rows, StringComparison.Ordinal);
        string plain = System.Text.RegularExpressions.Regex.Unescape(rows);
        foreach (string secret in secrets)
        {
            Assert.DoesNotContain(secret, rows, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(secret, plain, StringComparison.OrdinalIgnoreCase);
        }
    }
}
