using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>What whoever sent a packet that goes nowhere is told, so that it need not wait.</summary>
internal static class PacketRefusal
{
    /// <summary>Null for what is told to nobody.</summary>
    public static IcmpErrorKind? KindOf(ClientDropReason reason) => reason switch
    {
        ClientDropReason.NotGranted => IcmpErrorKind.AdministrativelyProhibited,
        ClientDropReason.NoConnector => IcmpErrorKind.HostUnreachable,
        ClientDropReason.TooLarge => IcmpErrorKind.PacketTooBig,
        _ => null,
    };
}
