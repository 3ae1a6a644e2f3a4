using System.Text;
using Keyhole.Contracts;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>The <see cref="RelayWorld"/> with a name server and aliases: web is granted to phone and tablet, lab-web to the phone, nobody has the printer.</summary>
internal static class NameWorld
{
    public static readonly IpAddress Server = IpAddress.Parse("100.64.0.53");
    public static readonly IpAddress Server6 = IpAddress.Parse("fd00::1:0:0:0:53");

    public static RelayWorld Create(params string[] forward)
    {
        var world = new RelayWorld();
        world.Apply(table => WithNames(table, forward));
        return world.Registered();
    }

    public static Table WithNames(Table table, params string[] forward) => table with
    {
        Relays = [.. table.Relays.Select(relay => relay with { Names = new RelayNames([Server.ToString(), Server6.ToString()], forward) })],
        Resources = [.. table.Resources.Select(resource => resource with { Alias = $"{resource.Name}.acme.internal" })],
    };

    public static byte[] Query(string name, int type, ushort id = 0x1234, int payloadLength = 0) =>
    [
        (byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(payloadLength > 0 ? 1 : 0),
        .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, (byte)(type >> 8), (byte)type, 0, 1,
        .. payloadLength > 0 ? new byte[] { 0, 0, 41, (byte)(payloadLength >> 8), (byte)payloadLength, 0, 0, 0, 0, 0, 0 } : [],
    ];

    public static void SendUdp(this SimulatedAgent client, IpAddress source, IpAddress server, byte[] query, ushort port = 53)
    {
        byte[] datagram = new byte[UdpHeader.Length + query.Length];
        query.CopyTo(datagram, UdpHeader.Length);
        UdpHeader.Write(datagram, source, 4444, server, port);
        client.SendPacket(Packet.Ip(source, server, IpProtocol.Udp, datagram));
    }

    /// <summary>The one answer that a client has got, out of its datagram.</summary>
    public static byte[] TakeAnswer(this SimulatedAgent client)
    {
        byte[] packet = Assert.Single(client.Packets);
        client.Packets.Clear();
        Assert.True(IpView.TryParse(packet, out var ip));
        Assert.True(UdpView.TryParse(ip.Payload, out var udp));
        Assert.True(udp.IsChecksumValid(ip.Source, ip.Destination));
        Assert.Equal((53, 4444), (udp.SourcePort, udp.DestinationPort));
        return udp.Payload.ToArray();
    }

    /// <summary>Asks over UDP and gives response code and records.</summary>
    public static (int Code, string Records) Ask(this RelayWorld world, SimulatedAgent client, string name, int type)
    {
        client.SendUdp(IpAddress.Parse(client.Row.Addresses[0]), Server, Query(name, type));
        world.Run(100 * Millisecond);
        return Describe(client.TakeAnswer());
    }

    public static (int Code, string Records) Describe(byte[] response)
    {
        Assert.True(DnsView.TryParse(response, out var view));
        var found = new List<string>();
        var text = new char[255];
        foreach (var record in view.Records)
        {
            if (record.TryGetAddress(out var address))
                found.Add(address.ToString());
            if (record.TryGetTarget(out var target) && target.TryWriteText(text, out int length))
                found.Add(new string(text, 0, length));
        }

        return (view.ResponseCode, string.Join(' ', found));
    }
}
