using System.Net;

namespace Keyhole.Client;

/// <summary>The addresses of loopback that clients' name servers have.</summary>
internal static class ServerAddresses
{
    private const int First = 53;

    /// <summary>As many clients have room beside each other.</summary>
    private const int Count = 8;

    /// <summary>In the order in which they are tried.</summary>
    public static IPAddress[] OnLoopback { get; } = [.. Enumerable.Range(First, Count).Select(last => new IPAddress([127, 100, 64, (byte)last]))];
}
