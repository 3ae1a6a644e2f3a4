using System.Net;
using System.Net.NetworkInformation;
using Keyhole.Net;
using NetworkInterface = System.Net.NetworkInformation.NetworkInterface;

namespace Keyhole.Edge;

/// <summary>
/// The interfaces of this host. They come and go while .NET looks at one file after the other, and then it throws whatever it stumbles over: seen were
/// <see cref="ArgumentException"/>, <see cref="NetworkInformationException"/> and, in older versions, <see cref="IOException"/>.
/// </summary>
public static class HostInterfaces
{
    private const int Attempts = 4;

    /// <summary>Looks at all interfaces, and again when one went in between.</summary>
    /// <param name="look">Is called with the interfaces that there are, more than once perhaps.</param>
    /// <exception cref="NetworkException">The system does not tell.</exception>
    public static T Read<T>(Func<NetworkInterface[], T> look) => Read(NetworkInterface.GetAllNetworkInterfaces, look);

    /// <summary>The addresses of all interfaces.</summary>
    /// <exception cref="NetworkException">The system does not tell.</exception>
    public static IReadOnlyList<IPAddress> ReadAddresses() =>
        Read(all => all.SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address).ToList());

    internal static T Read<T>(Func<NetworkInterface[]> all, Func<NetworkInterface[], T> look)
    {
        ArgumentNullException.ThrowIfNull(look);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return look(all());
            }
#pragma warning disable CA1031 // nothing of it is this program's own, and nobody says what there may be
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (attempt == Attempts)
                    throw new NetworkException($"the interfaces of this machine: {e.Message}", e);
            }
        }
    }
}
