namespace Keyhole.Net.Tests;

public sealed class PortableEventLoopTests() : EventLoopContract(NetBackend.Portable);
