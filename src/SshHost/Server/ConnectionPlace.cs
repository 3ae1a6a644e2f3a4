using System.Net;

namespace Keyhole.SshHost;

/// <summary>One connection among those that there may be.</summary>
internal sealed class ConnectionPlace(IPAddress source, Action drop)
{
    private volatile bool _hasKey;

    /// <summary>See <see cref="SourceLimits.SourceOf"/>.</summary>
    public IPAddress Source => source;

    /// <summary>The right pre-shared key was shown: nobody else gets the place.</summary>
    public bool HasKey
    {
        get => _hasKey;
        set => _hasKey = value;
    }

    /// <summary>Ends the connection.</summary>
    public void Drop() => drop();
}
