using Keyhole.Net;

namespace Keyhole.Client;

/// <summary>What to do when the system gives no TUN interface (errno(3), and tun_set_iff in Linux).</summary>
internal static class TunRefusal
{
    private const int NoEntry = 2;
    private const int NoSuchDeviceOrAddress = 6;
    private const int Busy = 16;
    private const int NoSuchDevice = 19;
    private const int InvalidArgument = 22;

    /// <returns>A sentence behind a space; nothing where the fault itself says it.</returns>
    public static string Advice(SocketFault fault) => fault switch
    {
        { Kind: SocketFaultKind.None or SocketFaultKind.AccessDenied } or { Errno: NoEntry or NoSuchDevice or NoSuchDeviceOrAddress } =>
            " TUN mode needs /dev/net/tun and CAP_NET_ADMIN: run it as root, or use 'keyhole up --proxy', which needs neither.",
        // Of another client, or an interface of another kind.
        { Errno: Busy or InvalidArgument } => " The name is taken: another client has this interface. Give this one another name with '--interface NAME'.",
        _ => "",
    };
}
