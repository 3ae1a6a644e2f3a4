using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>How long packets are between a client and a connector whose links carry less than they might.</summary>
public class PathMtuTests
{
    private static readonly FlowKey s_answers = new(IpProtocol.Udp, Web, 53, Address, 1000);

    [Theory]
    [InlineData(1500, 1420)]
    [InlineData(1400, 1328)]
    [InlineData(1350, 1280)]
    public void A_relayed_way_is_as_wide_as_its_narrower_half(int link, int expected)
    {
        foreach (bool isFirstHalf in new[] { true, false })
        {
            using var world = new PathWorld(directPaths: false);
            world.World.LinkMtu = flight => IsFirstHalf(world, flight) == isFirstHalf ? link : 1500;
            Assert.True(world.Asks(1000, Second));
            world.World.Run(3 * Second);
            Assert.Equal((PathKind.Relayed, expected), (world.Path, MtuOf(world)));
            Assert.Equal(expected, AnswerMtuOf(world));
            Assert.True(Carries(world, expected));
            Assert.Equal(ClientDropReason.TooLarge, world.World.Send(Long(expected + 1)));
        }
    }

    [Theory]
    [InlineData(1500, 1420)]
    [InlineData(1400, 1328)]
    public void A_direct_way_is_measured_by_itself(int link, int expected)
    {
        using var world = new PathWorld();
        world.World.LinkMtu = flight => IsDirect(flight) ? link : 1500;
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        world.World.Run(3 * Second);
        Assert.Equal((PathKind.Direct, expected), (world.Path, MtuOf(world)));
        Assert.Equal(expected, AnswerMtuOf(world));
        Assert.True(Carries(world, expected));

        // Back on the relay it is at once what that was shown to carry.
        world.AllowsDirect = false;
        world.Until(() => world.Path == PathKind.Relayed, 3 * Second);
        Assert.Equal(1420, MtuOf(world));
        world.World.Run(100 * Millisecond);
        Assert.Equal(1420, AnswerMtuOf(world));
    }

    [Fact]
    [Trait("Promise", "A9")]
    public void A_flow_that_moves_to_an_equally_wide_way_never_shrinks()
    {
        using var world = new PathWorld();
        world.AllowsDirect = false;
        world.Until(() => MtuOf(world) == 1420, 3 * Second);
        world.AllowsDirect = true;
        world.Until(
            () =>
            {
                Assert.Equal((1420, 1420), (MtuOf(world), AnswerMtuOf(world)));
                return world.Path == PathKind.Direct;
            },
            40 * Second);
        world.World.Run(Second);
        Assert.Equal((1420, 1420), (MtuOf(world), AnswerMtuOf(world)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_black_hole_costs_long_packets_a_second_and_no_flow(bool directPaths)
    {
        using var world = new PathWorld(directPaths: directPaths);
        world.World.DropsFragments = true;
        world.Until(() => MtuOf(world) == 1420 && world.Path == (directPaths ? PathKind.Direct : PathKind.Relayed), 5 * Second);
        MoveLong(world, Second);
        world.World.LinkMtu = _ => 1400;
        long begun = world.World.Now;
        while (MtuOf(world) > 1328)
            MoveLong(world, 20 * Millisecond);
        Assert.InRange(world.World.Now - begun, 0, Second);
        Assert.True(AnswerMtuOf(world) <= 1328 || world.World.Now - begun < Second);
        world.World.Run(20 * Millisecond);
        Assert.InRange(AnswerMtuOf(world), 1280, 1328);
        MoveLong(world, 3 * Second);
        Assert.Equal((1328, 1328), (MtuOf(world), AnswerMtuOf(world)));
        Assert.True(Carries(world, 1328));
        Assert.True(world.World.Office1.State.TryTakeNarrowed(out int client));
        Assert.Equal(Laptop, client);
        Assert.Equal(directPaths ? PathKind.Direct : PathKind.Relayed, world.Path);
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void Another_network_is_measured_anew()
    {
        using var world = new PathWorld(laptopFiltering: NatBehaviour.EndpointIndependent);
        world.Until(() => world.Path == PathKind.Direct && MtuOf(world) == 1420, 3 * Second);
        var moved = RelayWorld.End("198.51.100.77:5000");
        world.World.ClientPort.Endpoint = moved;
        world.World.LinkMtu = flight => flight.Source == moved || flight.Destination == moved ? 1400 : 1500;
        world.World.State.SetLocalAddresses([new LocalAddress(moved.Address, 24)], moved.Port, world.World.Now);
        Assert.Equal(1280, MtuOf(world));
        world.Until(() => world.Asks(3001, 50 * Millisecond), Second);
        for (int i = 0; i < 100; i++)
            world.Asks((ushort)(4000 + i), 50 * Millisecond);
        Assert.Equal((1328, 1328), (MtuOf(world), AnswerMtuOf(world)));
        Assert.True(Carries(world, 1328));
    }

    /// <summary>The connector's knowledge of a way that the client has not used since it came to another network.</summary>
    [Fact]
    [Trait("Promise", "A12")]
    public void What_a_way_in_reserve_carried_from_another_network_is_not_believed_any_more()
    {
        using var world = new PathWorld(laptopFiltering: NatBehaviour.EndpointIndependent);
        world.AllowsDirect = false;
        world.Until(() => MtuOf(world) == 1420, 3 * Second);
        world.AllowsDirect = true;
        world.Until(() => world.Path == PathKind.Direct, 40 * Second);
        var moved = RelayWorld.End("198.51.100.77:5000");
        world.World.ClientPort.Endpoint = moved;
        world.World.DropsFragments = true;
        world.World.LinkMtu = flight => flight.Source == moved || flight.Destination == moved ? 1350 : 1500;
        world.World.State.SetLocalAddresses([new LocalAddress(moved.Address, 24)], moved.Port, world.World.Now);
        world.Until(() => world.Path == PathKind.Direct && world.Asks(3001, 50 * Millisecond), 3 * Second);
        MoveLong(world, 3 * Second);
        world.AllowsDirect = false;
        world.Until(() => world.Path == PathKind.Relayed, 3 * Second);
        world.World.Run(100 * Millisecond);
        Assert.Equal((1280, 1280), (MtuOf(world), AnswerMtuOf(world)));
    }

    /// <summary>The connector hears of its network, a path goes, or the client is taken out: flows are told of every fall, not only of the client's words.</summary>
    [Theory]
    [InlineData("network")]
    [InlineData("path")]
    [InlineData("removed")]
    public void Flows_are_told_of_whatever_makes_their_way_narrower(string cause)
    {
        using var world = new PathWorld();
        world.World.LinkMtu = flight => IsDirect(flight) ? 1500 : 1350;
        world.Until(() => world.Path == PathKind.Direct && AnswerMtuOf(world) == 1420, 5 * Second);
        var state = world.World.Office1.State;
        while (state.TryTakeNarrowed(out _))
        {
        }

        switch (cause)
        {
            case "network":
                state.NetworkChanged(world.World.Now);
                break;
            case "path":
                world.AllowsDirect = false;
                world.Until(() => world.Path == PathKind.Relayed, 3 * Second);
                world.World.Run(100 * Millisecond);
                break;
            default:
                var table = world.World.Table with { Revision = world.World.Table.Revision + 1, Peers = [.. world.World.Table.Peers.Where(row => row.Id != Laptop)], Grants = [] };
                state.Apply(ConnectorRoster.Compile(table, world.World.Office1.Id), world.World.Now);
                break;
        }

        Assert.Equal(1280, AnswerMtuOf(world));
        Assert.True(state.TryTakeNarrowed(out int client));
        Assert.Equal(Laptop, client);
        Assert.False(state.TryTakeNarrowed(out _));
    }

    /// <summary>All that is told while the fall is noticed is lost; the next that is asked tells again.</summary>
    [Fact]
    public void A_fall_whose_messages_are_lost_is_told_again()
    {
        using var world = new PathWorld(directPaths: false);
        world.World.DropsFragments = true;
        world.Until(() => MtuOf(world) == 1420 && AnswerMtuOf(world) == 1420, 5 * Second);
        world.World.LinkMtu = flight => flight.Source == world.World.ClientPort.Endpoint && MtuOf(world) < 1420 ? 0 : 1350;
        while (MtuOf(world) == 1420)
            MoveLong(world, 20 * Millisecond);
        MoveLong(world, 500 * Millisecond);
        Assert.Equal((1280, 1420), (MtuOf(world), AnswerMtuOf(world)));
        world.World.LinkMtu = _ => 1350;
        MoveLong(world, 8 * Second);
        Assert.Equal((1280, 1280), (MtuOf(world), AnswerMtuOf(world)));
    }

    /// <summary>Every way is asked only once something short of it was answered: nothing long flies to an address from which nothing has come.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nobody_is_asked_for_more_than_was_proven_before_the_way_answers(bool directPaths)
    {
        using var world = new PathWorld(directPaths: directPaths);
        var (leaves, arrives) = world.World.Network;
        var heard = new HashSet<IpEndpoint>();
        int asked = 0;
        world.World.Network = (
            flight =>
            {
                if (flight.Source == world.World.ClientPort.Endpoint && flight.IsWhole && flight.Bytes.Length >= 1420)
                {
                    asked++;
                    Assert.Contains(flight.Destination, heard);
                    Assert.Equal(4, flight.Bytes[0]);
                }

                return leaves(flight);
            },
            flight =>
            {
                var arrived = arrives(flight);
                if (arrived?.Destination == world.World.ClientPort.Endpoint && arrived.Bytes[0] == 4)
                    heard.Add(arrived.Source);
                return arrived;
            });
        world.Until(() => world.Path == (directPaths ? PathKind.Direct : PathKind.Relayed) && MtuOf(world) == 1420, 3 * Second);
        Assert.InRange(asked, directPaths ? 2 : 1, 100);
    }

    /// <summary>A flow that begins on a narrow way, or before anything is known of it, is as wide as the next way later.</summary>
    [Fact]
    public void What_a_SYN_may_offer_is_all_that_there_may_come_to_be()
    {
        using var world = new PathWorld(directPaths: false);
        world.World.LinkMtu = _ => 1400;
        Assert.Equal((1280, 1420), Offer());
        world.World.Run(3 * Second);
        Assert.Equal((1328, 1420), Offer());

        (int, int) Offer()
        {
            var mtu = world.World.State.MtuOf(s_answers.Reverse(), world.World.Now);
            return (mtu.Current, mtu.Largest);
        }
    }

    private static bool IsDirect(Flight flight) => flight.Source != RelayWorld.RelayEndpoint && flight.Destination != RelayWorld.RelayEndpoint;

    private static bool IsFirstHalf(PathWorld world, Flight flight) =>
        flight.Source == world.World.ClientPort.Endpoint || flight.Destination.Address == world.LaptopNat.Outside || flight.Destination == world.World.ClientPort.Endpoint;

    private static int MtuOf(PathWorld world) => world.World.State.Connectors(world.World.Now).Single().Mtu;

    private static int AnswerMtuOf(PathWorld world) => world.World.Office1.State.MtuOf(Laptop, s_answers).Current;

    private static byte[] Long(int length) => Packet.Udp(Address, 1000, Web, 53, length - 28);

    private static void MoveLong(PathWorld world, long duration)
    {
        for (long end = world.World.Now + duration; world.World.Now < end;)
        {
            world.World.Send(Long(MtuOf(world)));
            world.World.Run(10 * Millisecond);
        }
    }

    private static bool Carries(PathWorld world, int length)
    {
        world.World.Office1.Entered.Clear();
        Assert.Null(world.World.Send(Long(length)));
        world.World.Run(200 * Millisecond);
        return world.World.Office1.Entered.Exists(packet => packet.Length == length);
    }
}
