using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Client;

/// <summary>Whether datagrams of the tunnel fit through the network below it.</summary>
internal static class MtuCheck
{
    private const int UdpHeader = 8;

    /// <param name="mtu">Of the route to the relay, as the kernel knows it; null when it does not say.</param>
    public static Finding Judge(string relay, int? mtu, bool isIpv6)
    {
        int outer = TransportMessage.Overhead + UdpHeader + (isIpv6 ? 40 : 20);
        return mtu switch
        {
            null => new Finding("mtu", Verdict.Unknown, $"the route to {relay} does not say"),
            { } known when known < InnerMtu.Smallest + outer => new Finding("mtu", Verdict.Failed, $"{known} bytes to {relay}; a full packet of the tunnel takes {InnerMtu.Smallest + outer}",
                $"Raise the MTU of the interface below to {InnerMtu.Smallest + outer} at least; until then large datagrams are fragmented, and lost where fragments are."),
            { } known when known < InnerMtu.Largest + outer => new Finding("mtu", Verdict.Limited, $"{known} bytes to {relay}: inner packets of {InnerMtu.Smallest} bytes fit, of {InnerMtu.Largest} do not"),
            { } known => new Finding("mtu", Verdict.Fine, $"{known} bytes to {relay}"),
        };
    }
}
