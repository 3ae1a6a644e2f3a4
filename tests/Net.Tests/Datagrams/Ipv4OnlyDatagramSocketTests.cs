namespace Keyhole.Net.Tests;

public sealed class Ipv4OnlyDatagramSocketTests() : DatagramSocketContract(NetBackend.Linux, ipv6: false);
