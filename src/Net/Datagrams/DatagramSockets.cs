namespace Keyhole.Net;

/// <summary>Opens the datagram socket of the chosen backend.</summary>
public static class DatagramSockets
{
    /// <exception cref="NetworkException">The port is in use, the address is not ours, or the system refused otherwise.</exception>
    public static IDatagramSocket Open(DatagramSocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return (options.Backend ?? NetBackends.Default) switch
        {
            NetBackend.Portable => new PortableDatagramSocket(options),
            NetBackend.LinuxPlain => new LinuxDatagramSocket(options, offload: false),
            _ => new LinuxDatagramSocket(options, offload: true),
        };
    }
}
