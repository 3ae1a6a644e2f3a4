namespace Keyhole.Perf;

/// <summary>What one flood cost, in nanoseconds of processor time per datagram.</summary>
/// <param name="Load">Of the sender's core per datagram sent: sending, the link, and all that the kernel does on arrival.</param>
/// <param name="Forwarding">Of the forwarder's process per datagram that left it; 0 without a process.</param>
/// <param name="SentPerSecond">Datagrams that the load sent.</param>
/// <param name="LeftPerSecond">Datagrams that left the forwarder.</param>
internal readonly record struct FloodResult(double Load, double Forwarding, double SentPerSecond, double LeftPerSecond);
