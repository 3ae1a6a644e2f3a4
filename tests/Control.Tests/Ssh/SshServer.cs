using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Keyhole.Ssh;

namespace Keyhole.Control.Tests;

/// <summary>A server with a host that people log in to, its connector as the wire sees it, and a user with a device.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    public const string Token = "0123456789abcdef0123456789abcdef";

    private readonly Dictionary<string, string> _sessions = [];

    private SshServer(ApiServer api) => Api = api;

    public static string HostKey { get; } = NewKey();

    public ApiServer Api { get; }

    public Ledger Ledger => Api.Network.Ledger;

    public NetworkState State => Ledger.State;

    public Resource Host => State.Resources.First(resource => resource.Name == "vm-01");

    public static string NewKey() => SshPublicKey.FromEd25519(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)).ToString();

    /// <param name="settings">Of the host, as the interface takes them.</param>
    public static async Task<SshServer> StartAsync(string settings = "{}", string? database = null)
    {
        var server = new SshServer(await ApiServer.StartAsync(database));
        (await server.Api.PostAsync(ApiServer.Owner, "/resources", $$"""{"name":"vm-01","site":"office","destination":"192.168.1.5","alias":"vm-01.acme.internal","tcp":"22","ssh":{{settings}}}""")).Expect(HttpStatusCode.Created);
        return server;
    }

    public void Change(Func<NetworkState, NetworkState> change) => Ledger.Change(
        state => change(state) with { Revision = state.Revision + 1 }, (_, _) => new AuditEntry(Actor.Operator, "test", "network"));

    public void Grant(string email) => Change(state => state with
    {
        Grants = state.Grants.Append(new Grant(state.Resources.First(resource => resource.Name == "vm-01").Id, PrincipalKind.User, state.FindUser(email)!.Id))
            .OrderBy(grant => grant.Resource).ThenBy(grant => grant.Kind).ThenBy(grant => grant.Principal).ToValueList(),
    });

    /// <summary>Logs a user in on a device of its own.</summary>
    public async Task LogInAsync(string email, string device = "laptop")
    {
        string session = Api.Sessions.Begin(email);
        _sessions[email] = session;
        (await Api.SendWithTokenAsync(session, HttpMethod.Post, "/devices", $$"""{"name":"{{device}}","publicKey":"{{TestAgent.NewPublicKey()}}"}""")).Expect(HttpStatusCode.Created);
    }

    public string SessionOf(string email) => _sessions[email];

    public Task<ApiAnswer> SignAsync(string email, string key, string target = "vm-01", ApiServer? at = null, string? passwordKey = null) => (at ?? Api).SendWithTokenAsync(
        _sessions[email], HttpMethod.Post, "/ssh/sign", JsonSerializer.Serialize(passwordKey is null ? new { target, publicKey = key } : (object)new { target, publicKey = key, passwordKey }));

    /// <summary>A connector that has shown its host.</summary>
    public async Task<TestAgent> ConnectorAsync(string name = "office-1", string? hostKey = null, RunningControl? at = null)
    {
        var connector = await (at ?? Api.Control).AgentAsync(AgentKind.Connector, name);
        await ShowAsync(connector, hostKey);
        return connector;
    }

    /// <summary>Shows the host as it is when everything is well, and reads the table that follows.</summary>
    public async Task ShowAsync(TestAgent connector, string? hostKey = null)
    {
        await connector.SendAsync(new SshHostMessage(Host.Id, [hostKey ?? HostKey], State.Ssh.Trusted));
        var clock = Stopwatch.StartNew();
        while (State.Ssh.FindHost(Host.Id) is not { Error: null, HostKeys.Count: > 0 })
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"The host is not known: {State.Ssh.FindHost(Host.Id)}.");
            await Task.Delay(10);
        }
    }

    /// <summary>Reads until an order comes; the account's answer is the caller's.</summary>
    public static async Task<SshProvisionMessage> OrderAsync(TestAgent connector)
    {
        while (true)
        {
            switch (await connector.ReadAsync())
            {
                case SshProvisionMessage order:
                    return order;
                case null:
                    throw new InvalidOperationException("The connection is over.");
                default:
                    continue;
            }
        }
    }

    public SshAccount AccountOf(SshProvisionMessage order) => new(order.Order.Name, $"keyhole:{State.Ssh.Authority}:{order.Resource}:{Token}:{order.Order.Name}");

    /// <summary>Makes every account that is asked for, until the connection ends.</summary>
    public async Task ServeAsync(TestAgent connector)
    {
        while (true)
        {
            switch (await connector.ReadAsync())
            {
                case null:
                    return;
                case SshProvisionMessage order:
                    await connector.SendAsync(new SshProvisionedMessage(order.Request, AccountOf(order)));
                    break;
            }
        }
    }

    public IReadOnlyList<AuditRow> Audit() => Api.Control.Server.Networks.Store.Database.Read(connection => AuditLog.ReadAll(connection).ToList());

    public ValueTask DisposeAsync() => Api.DisposeAsync();
}
