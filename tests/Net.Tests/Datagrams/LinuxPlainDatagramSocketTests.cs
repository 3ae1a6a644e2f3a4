namespace Keyhole.Net.Tests;

public sealed class LinuxPlainDatagramSocketTests() : DatagramSocketContract(NetBackend.LinuxPlain);
