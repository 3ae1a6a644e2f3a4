using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>The targets of a stock configuration: what its AllowedIPs hold. It has no names and knows no ports.</summary>
internal sealed class AllowedTargets(StockConfiguration configuration) : ITargetPolicy
{
    public TargetVerdict Find(IpAddress address, byte protocol, ushort port, out IpAddress source)
    {
        source = default;
        if (!configuration.AllowedIps.Any(prefix => prefix.Contains(address)))
            return TargetVerdict.NotGranted;
        foreach (var own in configuration.Addresses.Where(own => own.IsIpv4 == address.IsIpv4))
        {
            source = own;
            return TargetVerdict.Granted;
        }

        return TargetVerdict.NotGranted;
    }

    public TargetVerdict Find(ReadOnlySpan<char> name, byte protocol, ushort port, out IpAddress source, out IpAddress address)
    {
        source = address = default;
        return TargetVerdict.NotGranted;
    }

    public bool BelongsInside(IpAddress address) => configuration.AllowedIps.Any(prefix => prefix.Contains(address));
}
