namespace Keyhole.Client;

/// <summary>Whether datagrams of the tunnel fit through the network below it.</summary>
internal static class MtuCheck
{
    /// <summary>The inner packet that is always sent whole, and what WireGuard, UDP and IP put around it.</summary>
    private const int InnerMinimum = 1280;
    private const int InnerMaximum = 1420;
    private const int WireGuardOverhead = 32;
    private const int UdpHeader = 8;

    /// <param name="mtu">Of the route to the relay, as the kernel knows it; null when it does not say.</param>
    public static Finding Judge(string relay, int? mtu, bool isIpv6)
    {
        int outer = WireGuardOverhead + UdpHeader + (isIpv6 ? 40 : 20);
        return mtu switch
        {
            null => new Finding("mtu", Verdict.Unknown, $"the route to {relay} does not say"),
            { } known when known < InnerMinimum + outer => new Finding("mtu", Verdict.Failed, $"{known} bytes to {relay}; a full packet of the tunnel takes {InnerMinimum + outer}",
                $"Raise the MTU of the interface below to {InnerMinimum + outer} at least; until then large datagrams are fragmented, and lost where fragments are."),
            { } known when known < InnerMaximum + outer => new Finding("mtu", Verdict.Limited, $"{known} bytes to {relay}: inner packets of {InnerMinimum} bytes fit, of {InnerMaximum} do not"),
            { } known => new Finding("mtu", Verdict.Fine, $"{known} bytes to {relay}"),
        };
    }
}
