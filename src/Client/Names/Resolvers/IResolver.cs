using System.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>How the machine's programs come to ask the client's name server. Used by one task at a time.</summary>
internal interface IResolver
{
    /// <summary>As in <c>--dns</c>.</summary>
    string Name { get; }

    /// <summary>Whether the server listens on the tunnel's own address, or on loopback.</summary>
    bool NeedsTunnelAddress { get; }

    /// <summary>The servers that answer everything else, best first, as far as the machine says now.</summary>
    IReadOnlyList<IPEndPoint> Servers(IPAddress own);

    /// <summary>What must be known to undo <see cref="ApplyAsync"/>. Asked before it, and kept on disk first.</summary>
    RestoreRecord Record(IPAddress server);

    /// <summary>Has the machine ask <paramref name="server"/> for these names; also again, when the names are others.</summary>
    /// <exception cref="ResolverException">The machine refused.</exception>
    Task ApplyAsync(IPAddress server, NameTable names);

    /// <summary>Whether what <see cref="ApplyAsync"/> did is still in force. Cheap: it is asked every second.</summary>
    bool IsInForce(IPAddress server);

    /// <summary>The <see cref="RestoreFile"/> has undone it.</summary>
    void Undone();
}
