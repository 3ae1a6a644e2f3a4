using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>The client in TUN mode: an interface of the machine whose addresses and routes follow the table.</summary>
internal sealed class TunBody : ClientBody
{
    private readonly TunThread _data;
    private readonly RouteService _routes;
    private readonly NameService _names;
    private readonly IReadOnlyList<Uri> _control;
    private Task _naming;

    private TunBody(AgentStart start, TunThread data, TunnelInterface tunnel, NameService names) : base(start, data, data.Name)
    {
        _data = data;
        _control = start.Options.Endpoints;
        _routes = new RouteService(tunnel, roster => OutsideAddresses.Of(roster, _control, Hosts), Logger);
        _names = names;
        _naming = names.UndoLeftoversAsync();
    }

    /// <exception cref="AgentException">No TUN device is to be had.</exception>
    public static IAgentBody Create(AgentStart start)
    {
        string name = UpSettings.InterfaceFrom(start.Values);
        try
        {
            var resolver = ResolverChoice.Of(start.Values.Require(UpSettings.Dns), name);
            var data = new TunThread(name, StateFor(start));
            var tunnel = new TunnelInterface(data.Name);
            tunnel.SetUp(data.State.LargestMtu);
            ClientLog.Interface(LoggerOf(start), data.Name, data.State.LargestMtu);
            return new TunBody(start, data, tunnel, new NameService(resolver, new RestoreFile(start.Data.FullPath), LoggerOf(start)));
        }
        catch (NetworkException e)
        {
            throw new AgentException($"{e.Message}.{TunRefusal.Advice(e.Fault)}", e);
        }
    }

    /// <summary>A name that is not granted any more is not answered any more, whatever the machine's own settings still wait for.</summary>
    protected override Func<int> Prepare(int agent, Table table, ClientRoster roster) => () =>
    {
        // Under a wildcard the client would look for Control and the relays in the tunnel that it needs them for.
        _names.Take(roster.Names.Without(HostsOf(roster)));
        return 0;
    };

    protected override IEnumerable<string> HostsOf(ClientRoster roster) => OutsideAddresses.HostsOf(roster, _control);

    protected override void FollowHosts() => _routes.Check();

    protected override Task FollowAsync(ClientRoster roster)
    {
        _routes.Follow(roster);

        // In the background: the machine's resolver may take its time, and the next table may not wait for it.
        var tunnel = roster.Addresses.Select(address => address.ToIPAddress()).FirstOrDefault();
        _naming = NameAsync(_naming, tunnel);
        return Task.CompletedTask;
    }

    protected override Task SurveyAsync(CancellationToken stop)
    {
        _routes.Check();
        return _naming.IsCompleted ? _names.CheckAsync(stop) : Task.CompletedTask;
    }

    protected override async Task WithdrawAsync()
    {
        await _naming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _names.DisposeAsync();
    }

    protected override void Describe(JsonObject status)
    {
        status["mode"] = "tun";
        status["interface"] = _data.Name;
        _routes.Describe(status);
        status["dns"] = _names.Describe();
        status["dataPath"]!["writeFaults"] = _data.WriteFaults;
    }

    protected override void Close() => _routes.Dispose();

    private async Task NameAsync(Task before, System.Net.IPAddress? tunnel)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await _names.FollowAsync(tunnel, Stop);
        }
        catch (OperationCanceledException)
        {
            // The program ends.
        }
    }
}
