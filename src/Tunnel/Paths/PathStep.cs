namespace Keyhole.Tunnel;

/// <summary>What a <see cref="PathProbe"/> wants.</summary>
internal enum PathStep
{
    None,

    /// <summary>A ping is to be sent along it, with its <see cref="PathProbe.Nonce"/>.</summary>
    Ping,

    /// <summary>Nothing answers there, or not any more.</summary>
    Failed,
}
