namespace Keyhole.Client;

/// <summary>Whether a target may be reached through the tunnel.</summary>
internal enum TargetVerdict
{
    Granted,

    /// <summary>No granted resource has this name or address.</summary>
    NotGranted,

    /// <summary>A granted resource has it, but does not open this protocol or port.</summary>
    PortNotGranted,
}
