using Keyhole.Contracts;
using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>Client, relay and connector behind translators: which way data takes, and how soon.</summary>
public class DirectPathTests
{
    [Theory]
    [InlineData("open", "restricted", PathKind.Direct)]
    [InlineData("restricted", "restricted", PathKind.Direct)]
    [InlineData("symmetric", "open", PathKind.Direct)]
    [InlineData("open", "symmetric", PathKind.Direct)]
    [InlineData("symmetric", "address", PathKind.Direct)]
    [InlineData("symmetric", "restricted", PathKind.Relayed)]
    [InlineData("restricted", "symmetric", PathKind.Relayed)]
    [InlineData("symmetric", "symmetric", PathKind.Relayed)]
    [Trait("Promise", "A9")]
    public void Behind_translators_data_goes_directly_where_it_can(string laptop, string office, PathKind expected)
    {
        var (laptopMapping, laptopFiltering) = Behaviour(laptop);
        var (officeMapping, officeFiltering) = Behaviour(office);
        using var world = new PathWorld(laptopMapping, laptopFiltering, officeMapping, officeFiltering);
        Assert.True(world.Asks(1000, Second));
        world.World.Run(5 * Second);
        Assert.Equal(expected, world.Path);
        Assert.Equal(expected == PathKind.Direct ? 1 : 0, world.World.Office1.State.DirectCount);
        world.World.FromRelay.Clear();
        for (ushort port = 2000; port < 2100; port++)
            Assert.True(world.Asks(port));
        Assert.Equal(expected == PathKind.Direct, !world.World.FromRelay.Exists(flight => flight.Bytes[0] == 4 && flight.Bytes.Length > 64));
    }

    [Fact]
    [Trait("Promise", "A9"), Trait("Promise", "A6")]
    public void The_first_packet_goes_through_the_relay_and_the_direct_path_follows_within_a_second()
    {
        using var world = new PathWorld();
        Assert.True(world.Asks(1000, Second));
        Assert.True(world.Until(() => world.Path == PathKind.Direct, Second) <= Second);
    }

    [Fact]
    [Trait("Promise", "A9")]
    public void In_one_network_data_stays_within_it()
    {
        using var world = new PathWorld(sameLan: true);
        world.World.Run(3 * Second);
        Assert.Equal(PathKind.Local, world.Path);
        Assert.True(world.Asks(1000));
        Assert.All(world.Direct.Where(flight => flight.Bytes.Length > 64 && !flight.IsWhole), flight => Assert.StartsWith("10.1.0.", flight.Destination.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "A12"), Trait("Promise", "A13")]
    public void A_path_that_dies_under_traffic_is_left_within_a_second_and_comes_back()
    {
        using var world = new PathWorld();
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        for (int round = 0; round < 3; round++)
        {
            world.Until(() => world.Asks(3000), Second);
            world.AllowsDirect = false;
            long gap = world.Until(() => world.Asks(3001, 50 * Millisecond), 1500 * Millisecond);
            Assert.InRange(gap, 0, Second);
            Assert.Equal(PathKind.Relayed, world.Path);
            world.World.Run(20 * Second);
            Assert.True(world.Asks(3002));
            world.AllowsDirect = true;
            world.Until(() => world.Path == PathKind.Direct, 40 * Second);
        }
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void A_path_that_dies_in_silence_is_left_within_five_seconds()
    {
        using var world = new PathWorld();
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        world.World.Run(30 * Second);
        Assert.Equal(PathKind.Direct, world.Path);
        world.AllowsDirect = false;
        Assert.InRange(world.Until(() => world.Path == PathKind.Relayed, 5 * Second, underTraffic: false), 0, 5 * Second);
        world.World.Run(100 * Millisecond);
        Assert.Equal(0, world.World.Office1.State.DirectCount);
    }

    /// <summary>Only the way to the connector is blocked: what the connector sends still comes.</summary>
    [Fact]
    [Trait("Promise", "A12")]
    public void A_path_that_dies_in_one_direction_is_left_too()
    {
        using var world = new PathWorld();
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        world.World.Delivers = flight => flight.Source != world.World.ClientPort.Endpoint || flight.Destination == RelayWorld.RelayEndpoint;
        world.Until(() => world.Asks(3001, 50 * Millisecond), 1500 * Millisecond);
        Assert.Equal(PathKind.Relayed, world.Path);
        world.World.Delivers = flight => flight.Source != world.World.Office1.Port.Endpoint || flight.Destination == RelayWorld.RelayEndpoint;
        world.World.Run(Second);
        Assert.True(world.Asks(3002));
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void Without_a_relay_the_direct_path_carries_on_and_sessions_are_renewed_along_it()
    {
        using var world = new PathWorld();
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        world.World.Delivers = flight => flight.Source != RelayWorld.RelayEndpoint && flight.Destination != RelayWorld.RelayEndpoint;
        int answered = 0;
        for (ushort port = 1000; port < 1300; port++)
            answered += world.Asks(port, Second) ? 1 : 0;
        Assert.InRange(answered, 298, 300);
        Assert.False(world.World.State.IsRegistered);

        // The relay is back: a new handshake shows it the session, and it can take over at any time.
        world.World.Delivers = _ => true;
        world.World.Run(20 * Second);
        Assert.True(world.World.State.IsRegistered);
        world.AllowsDirect = false;
        world.Until(() => world.Asks(3001, 50 * Millisecond), 1500 * Millisecond);
        Assert.Equal(PathKind.Relayed, world.Path);
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void A_translator_that_forgets_costs_less_than_a_second()
    {
        using var world = new PathWorld(officeFiltering: NatBehaviour.EndpointIndependent);
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        world.LaptopNat.Rebind();
        world.Until(() => world.Asks(3001, 50 * Millisecond), Second);
        world.World.Run(5 * Second);
        Assert.Equal(PathKind.Direct, world.Path);
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void A_client_that_moves_goes_on_within_a_second()
    {
        using var world = new PathWorld(laptopFiltering: NatBehaviour.EndpointIndependent);
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        var moved = RelayWorld.End("198.51.100.77:5000");
        world.World.ClientPort.Endpoint = moved;
        world.World.State.SetLocalAddresses([new LocalAddress(moved.Address, 24)], moved.Port, world.World.Now);
        world.Until(() => world.Asks(3001, 50 * Millisecond), Second);
        world.World.Run(5 * Second);
        Assert.Equal(PathKind.Direct, world.Path);
    }

    [Fact]
    public void Sessions_are_renewed_through_the_relay_while_data_stays_direct()
    {
        using var world = new PathWorld();
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        long handshakes = world.World.Relay.RoutedHandshakeCount;
        for (ushort port = 1000; port < 1600; port++)
        {
            Assert.True(world.Asks(port, Second));
            Assert.Equal(PathKind.Direct, world.Path);
            Assert.Equal(1, world.World.Office1.State.DirectCount);
        }

        Assert.InRange(world.World.Relay.RoutedHandshakeCount - handshakes, 8, 12);
    }

    [Fact]
    [Trait("Promise", "D1")]
    public void What_comes_from_elsewhere_is_answered_by_nobody()
    {
        using var world = new PathWorld(laptopFiltering: NatBehaviour.EndpointIndependent, officeFiltering: NatBehaviour.EndpointIndependent);
        world.World.Run(3 * Second);
        var scanner = RelayWorld.End("192.0.2.99:4000");
        var random = new Random(TestSeed.Next());
        var first = world.World.FromRelay.Concat(world.Direct).Where(flight => flight.Bytes[0] is 1 or 2 or 4).Select(flight => flight.Bytes).ToList();
        long before = world.World.Office1.State.DropCount(ConnectorDropReason.UnknownSource);
        foreach (byte[] datagram in first)
        {
            // All that was ever sent, again and from elsewhere, as it was and with a bit changed.
            byte[] changed = [.. datagram];
            changed[random.Next(4, changed.Length)] ^= 1;
            foreach (byte[] bytes in new[] { datagram, changed })
            {
                world.World.Fly(new Flight(scanner, RelayWorld.End("192.0.2.1:6000"), [.. bytes]));
                world.World.Fly(new Flight(scanner, RelayWorld.End("198.51.100.1:5000"), [.. bytes]));
            }
        }

        int sent = world.Direct.Count;
        world.World.Run(Second);
        Assert.DoesNotContain(world.Direct.Skip(sent), flight => flight.Destination == scanner);
        Assert.True(world.World.Office1.State.DropCount(ConnectorDropReason.UnknownSource) > before);
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void A_grant_that_comes_to_hold_the_address_of_a_path_moves_data_at_once()
    {
        using var world = new PathWorld();
        world.Until(() => world.Path == PathKind.Direct, 3 * Second);
        world.World.Apply(table => table with { Resources = [.. table.Resources, new ResourceRow(9, 1, "outside", "192.0.2.0/24", [], null, [new PortRange(80, 80)], [], true)], Grants = [new GrantRow(Laptop, [1, 9], [])] });
        Assert.Equal(PathKind.Relayed, world.Path);
        Assert.True(world.Asks(3000, 50 * Millisecond));
        world.World.Run(40 * Second);
        Assert.True(world.Asks(3001));
        Assert.Equal(PathKind.Relayed, world.Path);
    }

    [Fact]
    public void A_client_that_keeps_to_the_relay_is_never_reached_directly()
    {
        using var world = new PathWorld(directPaths: false);
        world.Until(() => world.World.Now > 40 * Second, 60 * Second);
        Assert.Equal(PathKind.Relayed, world.Path);
        Assert.Equal(0, world.World.Relay.IntroductionCount);
        Assert.Empty(world.Direct);
    }

    private static (NatBehaviour Mapping, NatBehaviour Filtering) Behaviour(string name) => name switch
    {
        "open" => (NatBehaviour.EndpointIndependent, NatBehaviour.EndpointIndependent),
        "address" => (NatBehaviour.EndpointIndependent, NatBehaviour.AddressDependent),
        "restricted" => (NatBehaviour.EndpointIndependent, NatBehaviour.AddressAndPortDependent),
        _ => (NatBehaviour.AddressAndPortDependent, NatBehaviour.AddressAndPortDependent),
    };
}
