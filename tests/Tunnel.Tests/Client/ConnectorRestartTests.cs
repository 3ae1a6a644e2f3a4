using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Client;

/// <summary>A connector that starts anew knows nothing of its sessions: what relay and client make of it (docs/protocol.md, rule 14).</summary>
public sealed class ConnectorRestartTests
{
    /// <summary>The client sends nothing of its own, so that only the relay's word can tell it.</summary>
    [Fact]
    public void The_relay_tells_the_client_which_has_a_session_again_before_it_sends()
    {
        using var world = new ClientWorld(directPaths: false);
        world.Run(5 * Second);
        Assert.True(world.Asks(Web, 1000));
        long other = HandshakeWith(world, world.Office2);
        long start = world.Now;
        Restart(world, world.Office1);
        world.Run(100 * Millisecond);
        Assert.InRange(HandshakeWith(world, world.Office1), start, start + 60 * Millisecond);
        Assert.Equal(other, HandshakeWith(world, world.Office2));
        for (ushort port = 2000; port < 2020; port++)
            Assert.True(world.Asks(Web, port));
    }

    [Fact]
    public void Entries_of_its_sessions_go_a_bounded_part_at_a_time_and_the_new_ones_stay()
    {
        using var world = new ClientWorld(directPaths: false);
        world.Run(5 * Second);
        Assert.True(world.Relay.Forwarding.TryFindAgent(world.Office1.Port.Endpoint, out int connector));
        Assert.True(world.Relay.Forwarding.TryFindAgent(world.ClientPort.Endpoint, out int laptop));
        uint index = 0;
        for (int client = 5; client < 16; client++)
        {
            for (int session = 0; session < 6; session++)
                Assert.Equal(EntryResult.Added, world.Relay.Forwarding.AddPair(client, connector, ++index, ++index, world.Now));
        }

        int before = world.Relay.Forwarding.Count;
        var counts = new HashSet<int>();
        world.Delivers = _ => counts.Add(world.Relay.Forwarding.Count) || true;
        Restart(world, world.Office1);
        world.Run(100 * Millisecond);
        Assert.Equal(before - 2 * 66, world.Relay.Forwarding.Count);
        Assert.Contains(before - 2 * 64, counts);
        Assert.True(world.Relay.Forwarding.HasPair(laptop, connector));
        Assert.True(world.Asks(Web, 1000));
    }

    [Fact]
    public void A_connector_without_a_session_with_the_client_is_no_news_to_it()
    {
        using var world = new ClientWorld(directPaths: false);
        world.Run(5 * Second);
        long handshake = HandshakeWith(world, world.Office1);
        Restart(world, world.Branch);
        world.Run(Second);
        Assert.Equal(handshake, HandshakeWith(world, world.Office1));
        Assert.Equal(0, world.State.DropCount(ClientDropReason.Control));
    }

    private static void Restart(ClientWorld world, SiteNode node) => node.Restart(ConnectorRoster.Compile(world.Table, node.Id), world.Now);

    private static long HandshakeWith(ClientWorld world, SiteNode node) =>
        world.State.Connectors(world.Now).Single(link => link.Connector == node.Id).LastHandshakeAt ?? 0;
}
