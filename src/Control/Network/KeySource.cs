namespace Keyhole.Control;

/// <summary>Where the public key of a peer comes from.</summary>
internal enum KeySource
{
    /// <summary>No key is known yet.</summary>
    None,

    /// <summary>Written in the description of the network.</summary>
    Declared,

    /// <summary>Told by the agent itself over its authenticated link.</summary>
    Reported,

    /// <summary>Made here for an external client; the private half was shown once and is stored nowhere.</summary>
    Generated,
}
