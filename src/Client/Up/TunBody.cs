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
    private readonly TunnelInterface _interface;
    private readonly SemaphoreSlim _applying = new(1);
    private readonly NameService _names;
    private Task _naming;

    private TunBody(AgentStart start, TunThread data, TunnelInterface tunnel, NameService names) : base(start, data, data.Name)
    {
        _data = data;
        _interface = tunnel;
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
            throw new AgentException($"{e.Message}. TUN mode needs /dev/net/tun and CAP_NET_ADMIN: run it as root, or use 'keyhole up --proxy', which needs neither.", e);
        }
    }

    /// <summary>A name that is not granted any more is not answered any more, whatever the machine's own settings still wait for.</summary>
    protected override Func<int> Prepare(int agent, Table table, ClientRoster roster) => () =>
    {
        _names.Take(roster.Names);
        return 0;
    };

    protected override async Task FollowAsync(ClientRoster roster)
    {
        var outside = (await _data.InvokeAsync(_ => _data.State.Registrations())).Where(relay => relay.Endpoint.HasValue).Select(relay => relay.Endpoint!.Value.Address).ToList();
        await _applying.WaitAsync(Stop);
        try
        {
            if (!IsCurrent(roster))
                return;
            foreach (var prefix in _interface.Apply(roster, outside))
                ClientLog.LeftOut(Logger, prefix.ToString());
        }
        catch (NetworkException e)
        {
            ClientLog.NotConfigured(Logger, e.Message);
        }
        finally
        {
            _applying.Release();
        }

        // In the background: the machine's resolver may take its time, and the next table may not wait for it.
        var tunnel = roster.Addresses.Select(address => address.ToIPAddress()).FirstOrDefault();
        _naming = NameAsync(_naming, tunnel);
    }

    protected override Task SurveyAsync(CancellationToken stop) => _naming.IsCompleted ? _names.CheckAsync(stop) : Task.CompletedTask;

    protected override async Task WithdrawAsync()
    {
        await _naming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _names.DisposeAsync();
    }

    protected override void Describe(JsonObject status)
    {
        status["mode"] = "tun";
        status["interface"] = _data.Name;
        status["routes"] = new JsonArray([.. _interface.Routes.Select(prefix => (JsonNode)prefix.ToString())]);
        status["dns"] = _names.Describe();
        status["dataPath"]!["writeFaults"] = _data.WriteFaults;
    }

    protected override void Close()
    {
        _interface.Dispose();
        _applying.Dispose();
    }

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
