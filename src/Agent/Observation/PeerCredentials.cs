using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Keyhole.Agent;

/// <summary>Who is at the other end of a unix socket (unix(7), SO_PEERCRED). Where the system does not say, the mode of the socket's file is the lock.</summary>
internal static class PeerCredentials
{
    private const int SolSocket = 1;
    private const int SoPeercred = 17;

    /// <summary>struct ucred: process, user, group.</summary>
    private const int CredentialsLength = 12;
    private const int UserOffset = 4;

    /// <summary>(uid_t)-1, which is nobody.</summary>
    private const uint Unknown = uint.MaxValue;

    /// <param name="listener">The listening socket, whose own credentials are those of the process that made it listen.</param>
    public static bool IsOwnUserOrRoot(Socket accepted, Socket listener) =>
        !OperatingSystem.IsLinux() || IsAllowed(UserOf(accepted), UserOf(listener));

    /// <param name="connected">A socket of this process; its other end is that of the process that listens.</param>
    /// <returns>False where that process does not hear this one.</returns>
    public static bool IsHeard(Socket connected) => !OperatingSystem.IsLinux() || IsAllowed(EffectiveUser(), UserOf(connected));

    internal static bool IsAllowed(uint peer, uint own) => peer == 0 || (peer == own && peer != Unknown);

    private static uint UserOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[CredentialsLength];
        return socket.GetRawSocketOption(SolSocket, SoPeercred, credentials) == CredentialsLength ? MemoryMarshal.Read<uint>(credentials[UserOffset..]) : Unknown;
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUser();
}
