namespace Keyhole.Connector;

/// <summary>What the last words with the daemon of a host came to.</summary>
internal enum SshSiteState
{
    /// <summary>There were none yet.</summary>
    Waiting,

    /// <summary>The host is what the table says.</summary>
    Ready,

    /// <summary>It is not, or nobody knows: tried again and again.</summary>
    Failed,
}
