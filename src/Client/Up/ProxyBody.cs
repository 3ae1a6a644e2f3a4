using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>The client in proxy mode: no interface and no privilege, but a SOCKS5 port and port forwards whose targets follow the table.</summary>
internal sealed class ProxyBody : ClientBody
{
    /// <summary>How long a new address of this machine may go unnoticed.</summary>
    private const long AddressInterval = 30_000_000;

    private readonly ProxyThread _data;
    private long _nextAddresses = MonotonicClock.Now + AddressInterval;

    private ProxyBody(AgentStart start, ProxyThread data) : base(start, data) => _data = data;

    /// <exception cref="AgentException">A setting is wrong, or a port is in use.</exception>
    public static IAgentBody Create(AgentStart start)
    {
        var options = ProxySettings.From(start.Values);
        try
        {
            var data = new ProxyThread(StateFor(start), options);
            if (data.Front.Listen is { } listen)
                ClientLog.Listening(LoggerOf(start), listen.ToString(), options.Credentials is null ? "no password" : "user and password");
            foreach (var forward in options.Forwards)
                ClientLog.Forwarding(LoggerOf(start), forward.ToString());
            return new ProxyBody(start, data);
        }
        catch (NetworkException e)
        {
            throw new AgentException(e.Message, e);
        }
    }

    protected override Func<int> Prepare(int agent, Table table, ClientRoster roster)
    {
        var targets = GrantedTargets.Compile(table, agent, roster);
        return () => _data.Front.Follow(targets);
    }

    /// <summary>The machine's addresses change without telling anybody: they are asked for again and again.</summary>
    protected override async Task SurveyAsync(CancellationToken stop)
    {
        if (!_data.Front.IsDirect || MonotonicClock.Now < _nextAddresses)
            return;
        _nextAddresses = MonotonicClock.Now + AddressInterval;
        var rules = HostAddresses.Read();
        await _data.InvokeAsync(_ => _data.Front.DirectRules = rules);
    }

    protected override void Describe(JsonObject status)
    {
        var front = _data.Front;
        var counts = front.Counts;
        status["mode"] = "proxy";
        status["proxy"] = new JsonObject
        {
            ["listen"] = front.Listen?.ToString(),
            ["forwards"] = new JsonArray([.. front.Forwards.Select(forward => (JsonNode)forward.ToString())]),
            ["connections"] = front.ConnectionCount,
            ["associations"] = front.AssociationCount,
            ["flows"] = new JsonObject { ["tcp"] = _data.Flows.TcpCount, ["udp"] = _data.Flows.UdpCount },
            ["accepted"] = counts.Accepted,
            ["direct"] = counts.Direct,
            ["refused"] = new JsonObject
            {
                [StatusJson.Name(TargetVerdict.NotGranted)] = counts.NotGranted,
                ["unreachable"] = counts.Unreachable,
                ["unauthorised"] = counts.Unauthorised,
                ["malformed"] = counts.Malformed,
                ["busy"] = counts.Busy,
                ["datagrams"] = counts.DatagramsDropped,
            },
        };
    }

    protected override void Close()
    {
        // The ports go with the data thread.
    }
}
