namespace Keyhole.Contracts;

/// <summary>In which kind of WireGuard session a control message was opened. Each type is valid in one of them only.</summary>
public enum SessionScope
{
    /// <summary>Between an agent and a relay.</summary>
    Registration,

    /// <summary>Between a client and a connector.</summary>
    EndToEnd,
}
