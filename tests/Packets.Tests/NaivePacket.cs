namespace Keyhole.Packets.Tests;

internal sealed record NaivePacket(
    int Version,
    int TotalLength,
    int HeaderLength,
    byte Protocol,
    int FragmentOffset,
    bool MoreFragments,
    uint Identification,
    byte HopLimit,
    byte TrafficClass,
    byte[] Source,
    byte[] Destination);
