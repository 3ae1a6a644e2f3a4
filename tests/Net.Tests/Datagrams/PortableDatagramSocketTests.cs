namespace Keyhole.Net.Tests;

public sealed class PortableDatagramSocketTests() : DatagramSocketContract(NetBackend.Portable);
