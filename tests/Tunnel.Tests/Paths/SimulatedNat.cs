using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>A network address translator with one outer address. It keeps ports when its mapping does not depend on where a datagram goes.</summary>
internal sealed class SimulatedNat(IpAddress outside, NatBehaviour mapping, NatBehaviour filtering, Random random)
{
    private readonly Dictionary<(IpEndpoint Inside, IpEndpoint? Destination), ushort> _ports = [];
    private readonly Dictionary<ushort, IpEndpoint> _insides = [];
    private readonly HashSet<(ushort Port, IpEndpoint Destination)> _permitted = [];

    public IpAddress Outside { get; } = outside;

    public IpEndpoint Leaves(IpEndpoint inside, IpEndpoint destination)
    {
        (IpEndpoint Inside, IpEndpoint? Destination) key = (inside, mapping switch
        {
            NatBehaviour.EndpointIndependent => null,
            NatBehaviour.AddressDependent => destination with { Port = 0 },
            _ => destination,
        });
        if (!_ports.TryGetValue(key, out ushort port))
        {
            port = mapping == NatBehaviour.EndpointIndependent ? inside.Port : (ushort)0;
            while (port == 0 || _insides.ContainsKey(port))
                port = (ushort)random.Next(1024, 65_536);
            _ports[key] = port;
            _insides[port] = inside;
        }

        _permitted.Add((port, destination));
        return new IpEndpoint(Outside, port);
    }

    /// <summary>Who is behind this port, for a datagram from there; null when it is not let in.</summary>
    public IpEndpoint? Arrives(IpEndpoint source, ushort port)
    {
        if (!_insides.TryGetValue(port, out var inside))
            return null;
        bool isPermitted = filtering switch
        {
            NatBehaviour.EndpointIndependent => true,
            NatBehaviour.AddressDependent => _permitted.Any(entry => entry.Port == port && entry.Destination.Address == source.Address),
            _ => _permitted.Contains((port, source)),
        };
        return isPermitted ? inside : null;
    }

    /// <summary>Forgets everything, as after a restart: the same inside gets another port.</summary>
    public void Rebind()
    {
        _ports.Clear();
        _permitted.Clear();
        foreach (ushort port in _insides.Keys.ToList())
            _insides[port] = default;
    }
}
