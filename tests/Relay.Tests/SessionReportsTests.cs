using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Relay.Tests;

public class SessionReportsTests
{
    private const long UnixAtZero = 1_700_000_000_000_000;

    [Fact]
    public void What_changed_is_told_first_and_the_rest_in_turn()
    {
        var reports = new SessionReports(most: 3);
        var agents = Enumerable.Range(1, 8).Select(id => Agent(id)).ToArray();
        var told = new List<string>();
        for (int i = 0; i < 3; i++)
            told.AddRange(Report(reports, agents));
        Assert.Equal(9, told.Count);
        Assert.Equal(8, told.Distinct().Count());

        agents[6] = agents[6] with { ReceivedBytes = 1 };
        agents[7] = agents[7] with { IsLive = false };
        Assert.Equal(["key7", "key8"], Report(reports, agents).Intersect(["key7", "key8"]));

        // Two that change all the time leave room for the others: all are told again in eight messages.
        told.Clear();
        for (int i = 0; i < 8; i++)
        {
            agents[6] = agents[6] with { ReceivedBytes = agents[6].ReceivedBytes + 1 };
            agents[7] = agents[7] with { ReceivedBytes = agents[7].ReceivedBytes + 1 };
            told.AddRange(Report(reports, agents));
        }

        Assert.Equal(8, told.Distinct().Count());
        Assert.Equal(8, told.Count(key => key == "key7"));

        // More changes than there is room for: all get their turn.
        told.Clear();
        for (int i = 0; i < 3; i++)
        {
            agents = [.. agents.Select(agent => agent with { SentBytes = agent.SentBytes + 1 })];
            told.AddRange(Report(reports, agents));
        }

        Assert.Equal(8, told.Distinct().Count());
    }

    [Fact]
    public void A_whole_message_fits_and_holds_nothing_of_agents_without_a_session()
    {
        var reports = new SessionReports();
        string longest = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
        Assert.True(IpEndpoint.TryParse(longest, out var endpoint));
        RelayAgentStatus[] agents =
        [
            .. Enumerable.Range(1, 2000).Select(id => Agent(id) with
            {
                PublicKey = Convert.ToBase64String(new byte[32]), Address = endpoint, ReceivedBytes = long.MaxValue, SentBytes = long.MaxValue, Contest = (endpoint, endpoint, 3),
            }),
            Agent(5000) with { LastHandshakeAt = null },
        ];
        var message = reports.Make(Snapshot(agents), UnixAtZero);
        Assert.Equal(StatusMessage.MaximumSessions, message.Sessions.Count);
        byte[] json = AgentWire.Write(message);
        Assert.True(json.Length <= AgentWire.MaximumAgentMessageLength, $"{json.Length} bytes");
        var read = Assert.IsType<StatusMessage>(AgentWire.ReadAgentMessage(json));
        Assert.Equal(message.Sessions, read.Sessions);
        Assert.Equal(new SessionContest(longest, longest, UnixAtZero / 1000), read.Sessions[0].Contest);
        Assert.Equal((UnixAtZero + 1_000_000) / 1000, read.Sessions[0].LastHandshakeAt);
        Assert.Empty(reports.Make(Snapshot([agents[^1]]), UnixAtZero).Sessions);
    }

    private static IEnumerable<string> Report(SessionReports reports, RelayAgentStatus[] agents)
    {
        var message = reports.Make(Snapshot(agents), UnixAtZero);
        Assert.Equal(3, message.Sessions.Count);
        return message.Sessions.Select(session => session.PublicKey);
    }

    private static RelayAgentStatus Agent(int id) =>
        new(id, $"agent{id}", PeerKind.ExternalClient, $"key{id}", null, IsLive: true, LastHandshakeAt: 1_000_000, LastReceivedAt: 1_000_000, 0, 0, 0);

    private static RelaySnapshot Snapshot(RelayAgentStatus[] agents) => new(0, true, true, 0, 0, 0, 0, agents, []);
}
