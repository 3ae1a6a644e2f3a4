namespace Keyhole.Net.Tests;

public sealed class LinuxDatagramSocketTests() : DatagramSocketContract(NetBackend.Linux);
