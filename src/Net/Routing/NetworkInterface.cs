using System.Runtime.InteropServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// An interface of this machine, to be given an MTU, addresses and routes by rtnetlink(7), which needs CAP_NET_ADMIN. What it was given goes with it when
/// it is a TUN device whose program ended, however that ended.
/// </summary>
public sealed class NetworkInterface : IDisposable
{
    private const ushort RTM_NEWLINK = 16;
    private const ushort RTM_NEWADDR = 20;
    private const ushort RTM_DELADDR = 21;
    private const ushort RTM_GETADDR = 22;
    private const ushort RTM_NEWROUTE = 24;
    private const ushort RTM_DELROUTE = 25;
    private const ushort RTM_GETROUTE = 26;

    private const ushort Change = RouteSocket.NLM_F_REQUEST | RouteSocket.NLM_F_ACK;
    private const ushort List = RouteSocket.NLM_F_REQUEST | RouteSocket.NLM_F_DUMP;
    private const ushort NLM_F_REPLACE = 0x100;
    private const ushort NLM_F_EXCL = 0x200;
    private const ushort NLM_F_CREATE = 0x400;

    private const ushort IFLA_MTU = 4;
    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;
    private const ushort RTA_DST = 1;
    private const ushort RTA_OIF = 4;
    private const ushort RTA_PRIORITY = 6;
    private const ushort RTA_PREFSRC = 7;

    private const int AddressBodyLength = 8;
    private const int RouteBodyLength = 12;

    private const uint IFF_UP = 0x1;
    private const byte IFA_F_NODAD = 0x2;
    private const byte RT_TABLE_MAIN = 254;
    private const byte RTPROT_STATIC = 4;
    private const byte RT_SCOPE_UNIVERSE = 0;
    private const byte RT_SCOPE_LINK = 253;
    private const byte RTN_UNICAST = 1;

    /// <summary>
    /// The least wins, and this is behind whatever the machine has of its own: network managers give 50 to other tunnels, 100 to 1,024 to networks and
    /// 20,000 more to those without internet, the kernel 256 and 1,024 over IPv6.
    /// </summary>
    private const uint Metric = 50_000;

    private readonly uint _index;
    private readonly RouteSocket _socket = new();

    private NetworkInterface(string name, uint index)
    {
        Name = name;
        _index = index;
    }

    public string Name { get; }

    /// <summary>Finds the interface in the network namespace of the calling thread.</summary>
    /// <exception cref="NetworkException">There is none of this name.</exception>
    public static NetworkInterface Open(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        uint index = Libc.if_nametoindex(name);
        if (index == 0)
            NetworkException.Throw(SocketFault.Last(), $"interface {name}");
        return new NetworkInterface(name, index);
    }

    /// <summary>Brings it up with this MTU.</summary>
    /// <exception cref="NetworkException">No permission (CAP_NET_ADMIN).</exception>
    public void SetUp(int mtu)
    {
        // ifinfomsg: family 1, padding 1, type 2, index 4, flags 4, change 4.
        Span<byte> body = stackalloc byte[16];
        body.Clear();
        MemoryMarshal.Write(body[4..], _index);
        MemoryMarshal.Write(body[8..], IFF_UP);
        MemoryMarshal.Write(body[12..], IFF_UP);
        var message = new RouteMessage(stackalloc byte[256], RTM_NEWLINK, Change, body);
        message.Add(IFLA_MTU, (uint)mtu);
        _socket.Request(message, $"interface {Name}, MTU {mtu}");
    }

    /// <summary>Gives it an address, at once usable.</summary>
    /// <exception cref="NetworkException">The system refused.</exception>
    public void AddAddress(in IpPrefix prefix) => ChangeAddress(prefix, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);

    /// <exception cref="NetworkException">The system refused; it has no such address, for one.</exception>
    public void RemoveAddress(in IpPrefix prefix) => ChangeAddress(prefix, RTM_DELADDR, 0);

    /// <summary>Sends a prefix this way, unless the machine has a way of its own for it. A route that is there stays, whosever it is.</summary>
    /// <param name="source">The address of this interface that packets leave with; null lets the system choose.</param>
    /// <exception cref="NetworkException">The system refused: there is one of this prefix and metric (<see cref="SocketFaultKind.AlreadyThere"/>), for one.</exception>
    public void AddRoute(in IpPrefix prefix, IpAddress? source = null) => ChangeRoute(prefix, source, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);

    /// <exception cref="NetworkException">The system refused; there is no such route, for one.</exception>
    public void RemoveRoute(in IpPrefix prefix) => ChangeRoute(prefix, null, RTM_DELROUTE, 0);

    /// <summary>The addresses that it has now, whoever gave them, as prefixes of their whole length.</summary>
    /// <exception cref="NetworkException">The system does not tell.</exception>
    public IReadOnlyList<IpPrefix> ReadAddresses()
    {
        Span<byte> body = stackalloc byte[AddressBodyLength];
        body.Clear();
        MemoryMarshal.Write(body[4..], _index);
        var addresses = new List<IpPrefix>();
        var message = new RouteMessage(stackalloc byte[64], RTM_GETADDR, List, body);
        _socket.Dump(message, $"the addresses of {Name}", addresses.Clear, entry =>
        {
            if (entry.Length < AddressBodyLength || MemoryMarshal.Read<uint>(entry[4..]) != _index)
                return;
            var attributes = new RouteAttributes(entry[AddressBodyLength..]);
            if ((attributes.Address(IFA_LOCAL) ?? attributes.Address(IFA_ADDRESS)) is { } address)
                addresses.Add(IpPrefix.Host(address));
        });
        return addresses;
    }

    /// <summary>The routes that <see cref="AddRoute"/> made and that are still there. Those of others are none of them.</summary>
    /// <exception cref="NetworkException">The system does not tell.</exception>
    public IReadOnlyList<InterfaceRoute> ReadRoutes()
    {
        List<InterfaceRoute> routes = [];
        foreach (byte family in (ReadOnlySpan<byte>)[Libc.AF_INET, Libc.AF_INET6])
            routes.AddRange(ReadRoutes(family));
        return routes;
    }

    /// <summary>The interface stays.</summary>
    public void Dispose() => _socket.Dispose();

    private List<InterfaceRoute> ReadRoutes(byte family)
    {
        Span<byte> body = stackalloc byte[RouteBodyLength];
        body.Clear();
        body[0] = family;
        var routes = new List<InterfaceRoute>();
        var message = new RouteMessage(stackalloc byte[64], RTM_GETROUTE, List, body);
        message.Add(RTA_OIF, _index);
        _socket.Dump(message, $"the routes through {Name}", routes.Clear, entry =>
        {
            if (entry.Length < RouteBodyLength || entry[0] != family || entry[4] != RT_TABLE_MAIN || entry[5] != RTPROT_STATIC)
                return;
            var attributes = new RouteAttributes(entry[RouteBodyLength..]);
            if (attributes.Number(RTA_OIF) == _index && attributes.Number(RTA_PRIORITY) == Metric)
                routes.Add(new InterfaceRoute(new IpPrefix(attributes.Address(RTA_DST) ?? Unspecified(family), entry[1]), attributes.Address(RTA_PREFSRC)));
        });
        return routes;
    }

    private void ChangeAddress(in IpPrefix prefix, ushort type, ushort flags)
    {
        // ifaddrmsg: family 1, prefix length 1, flags 1, scope 1, index 4. Without duplicate address detection, since nobody else is on the link.
        Span<byte> body = stackalloc byte[AddressBodyLength];
        body.Clear();
        body[0] = FamilyOf(prefix);
        body[1] = (byte)prefix.Length;
        body[2] = prefix.Address.IsIpv4 ? (byte)0 : IFA_F_NODAD;
        MemoryMarshal.Write(body[4..], _index);
        var message = new RouteMessage(stackalloc byte[256], type, (ushort)(Change | flags), body);
        message.Add(IFA_LOCAL, prefix.Address);
        message.Add(IFA_ADDRESS, prefix.Address);
        _socket.Request(message, $"address {prefix} on {Name}");
    }

    private void ChangeRoute(in IpPrefix prefix, IpAddress? source, ushort type, ushort flags)
    {
        // rtmsg: family, destination length, source length, TOS, table, protocol, scope, type (1 each), flags 4.
        Span<byte> body = stackalloc byte[RouteBodyLength];
        body.Clear();
        body[0] = FamilyOf(prefix);
        body[1] = (byte)prefix.Length;
        body[4] = RT_TABLE_MAIN;
        body[5] = RTPROT_STATIC;
        body[6] = prefix.Address.IsIpv4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
        body[7] = RTN_UNICAST;
        var message = new RouteMessage(stackalloc byte[256], type, (ushort)(Change | flags), body);
        if (prefix.Length > 0)
            message.Add(RTA_DST, prefix.Address);
        message.Add(RTA_OIF, _index);
        message.Add(RTA_PRIORITY, Metric);
        if (source is { } address)
            message.Add(RTA_PREFSRC, address);
        _socket.Request(message, $"route {prefix} through {Name}");
    }

    private static byte FamilyOf(in IpPrefix prefix) => (byte)(prefix.Address.IsIpv4 ? Libc.AF_INET : Libc.AF_INET6);

    private static IpAddress Unspecified(byte family) => family == Libc.AF_INET ? new IpAddress(0) : new IpAddress(0, 0);
}
