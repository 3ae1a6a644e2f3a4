namespace Keyhole.Net.Tests;

public sealed class EpollEventLoopTests() : EventLoopContract(NetBackend.Linux);
