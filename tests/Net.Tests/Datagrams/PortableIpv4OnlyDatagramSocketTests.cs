namespace Keyhole.Net.Tests;

public sealed class PortableIpv4OnlyDatagramSocketTests() : DatagramSocketContract(NetBackend.Portable, ipv6: false);
