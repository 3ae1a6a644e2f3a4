using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Client;
using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>
/// A <see cref="ClientWorld"/> whose laptop and first connector stand behind translators, or share one. What goes past the relay is kept, and held against
/// what every way past the relay must keep to.
/// <code>
/// laptop 10.1.0.2 ── NAT 198.51.100.1 ──┐            laptop 10.1.0.2 ─┐
///                                       ├── relay                     ├── NAT 198.51.100.1 ── relay
/// office-1 10.2.0.2 ── NAT 192.0.2.1 ───┘            office-1 10.1.0.3 ┘
/// </code>
/// </summary>
internal sealed class PathWorld : IDisposable
{
    private const int PingLength = 96;

    private readonly IpEndpoint _laptop = RelayWorld.End("10.1.0.2:5000");
    private readonly IpEndpoint _office;
    private readonly SimulatedNat _officeNat;
    private readonly Dictionary<(bool IsLaptop, IpEndpoint Destination), int> _unproven = [];
    private readonly HashSet<(bool IsLaptop, IpEndpoint Source)> _heard = [];
    private readonly Random _random;

    public PathWorld(
        NatBehaviour laptopMapping = NatBehaviour.EndpointIndependent,
        NatBehaviour laptopFiltering = NatBehaviour.AddressAndPortDependent,
        NatBehaviour officeMapping = NatBehaviour.EndpointIndependent,
        NatBehaviour officeFiltering = NatBehaviour.AddressAndPortDependent,
        bool sameLan = false,
        bool directPaths = true,
        int seed = 1)
    {
        _random = new Random(seed);
        _office = RelayWorld.End(sameLan ? "10.1.0.3:6000" : "10.2.0.2:6000");
        LaptopNat = new SimulatedNat(IpAddress.Parse("198.51.100.1"), laptopMapping, laptopFiltering, _random);
        _officeNat = sameLan ? LaptopNat : new SimulatedNat(IpAddress.Parse("192.0.2.1"), officeMapping, officeFiltering, _random);
        World = new ClientWorld(laptop: _laptop.ToString(), office1: _office.ToString(), directPaths: directPaths, applies: false);
        World.Network = (Leaves, Arrives);

        // One connector is enough, and the only one that takes flows.
        World.Office2.IsDead = true;
        World.Apply(table => table with { Peers = [.. table.Peers.Where(row => row.Id != World.Office2.Id)] });
        World.State.SetLocalAddresses([new LocalAddress(_laptop.Address, 24)], _laptop.Port, World.Now);
        World.Office1.State.SetLocalAddresses([new LocalAddress(_office.Address, 24)], _office.Port, World.Now);
    }

    public ClientWorld World { get; }

    public SimulatedNat LaptopNat { get; }

    /// <summary>False where only the relay leads: peer-to-peer UDP is blocked.</summary>
    public bool AllowsDirect { get; set; } = true;

    /// <summary>Of all flights; the relay's too.</summary>
    public double Loss { get; set; }

    /// <summary>Flights that passed the relay by.</summary>
    public List<Flight> Direct { get; } = [];

    /// <summary>The way of the link to the first connector.</summary>
    public PathKind Path => World.State.Connectors(World.Now).Single().Path;

    public bool Asks(ushort port, long patience = 200 * Millisecond) => World.Asks(Web, port, patience);

    /// <summary>Runs until the condition holds and says how long that took; asks every 50 ms meanwhile, so that data moves.</summary>
    public long Until(Func<bool> condition, long patience, bool underTraffic = true)
    {
        long begun = World.Now;
        for (ushort port = 20_000; !condition(); port++)
        {
            Assert.True(World.Now - begun <= patience, $"in vain for {patience / 1e6:F1} s");
            if (underTraffic)
                Asks(port, 50 * Millisecond);
            else
                World.Run(10 * Millisecond);
        }

        return World.Now - begun;
    }

    public void Dispose() => World.Dispose();

    private Flight? Leaves(Flight flight)
    {
        bool isDirect = flight.Source != RelayWorld.RelayEndpoint && flight.Destination != RelayWorld.RelayEndpoint;
        if (isDirect)
        {
            Direct.Add(flight);
            Judge(flight);
        }

        if (_random.NextDouble() < Loss || (isDirect && !AllowsDirect))
            return null;
        if (IsPrivate(flight.Destination.Address))
            return NatOf(flight.Source) == LaptopNat && NatOf(flight.Destination) == LaptopNat ? flight : null;
        return NatOf(flight.Source) is { } nat ? flight with { Source = nat.Leaves(flight.Source, flight.Destination) } : flight;
    }

    private Flight? Arrives(Flight flight)
    {
        var nat = flight.Destination.Address == LaptopNat.Outside ? LaptopNat : flight.Destination.Address == _officeNat.Outside ? _officeNat : null;
        if (nat is not null)
        {
            if (nat.Arrives(flight.Source, flight.Destination.Port) is not { } inside)
                return null;
            flight = flight with { Destination = inside };
        }

        _heard.Add((IsLaptop(flight.Destination), flight.Source));
        return flight;
    }

    /// <summary>Rules 15 and 17: to an address that has not answered go a few short pings, and nothing else.</summary>
    private void Judge(Flight flight)
    {
        if (!IsLaptop(flight.Source) && flight.Source != _office)
            return;
        Assert.NotEqual(RelayWorld.RelayEndpoint.Address, flight.Destination.Address);
        var key = (IsLaptop(flight.Source), flight.Destination);
        if (_heard.Contains(key))
            return;
        Assert.Equal(4, flight.Bytes[0]);
        Assert.InRange(flight.Bytes.Length, 1, PingLength);
        _unproven[key] = _unproven.GetValueOrDefault(key) + flight.Bytes.Length;
        Assert.True(_unproven[key] <= 5 * PingLength * Math.Max(1, World.Relay.IntroductionCount), $"{_unproven[key]} bytes to {flight.Destination}");
    }

    private bool IsLaptop(IpEndpoint endpoint) => endpoint == World.ClientPort.Endpoint;

    private SimulatedNat? NatOf(IpEndpoint inside) => inside.Address == _laptop.Address ? LaptopNat : inside.Address == _office.Address ? _officeNat : null;

    private static bool IsPrivate(IpAddress address) => IpPrefix.Parse("10.0.0.0/8").Contains(address);
}
