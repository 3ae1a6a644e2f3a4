namespace Keyhole.Control;

/// <summary>One [Peer] of a configuration, without secrets.</summary>
/// <param name="Kind">"relay" or "connector".</param>
internal sealed record ConfigPeer(string Kind, string Name, string PublicKey, string Endpoint, IReadOnlyList<string> AllowedIps)
{
    /// <summary>"relay vps".</summary>
    public string Label => $"{Kind} {Name}";
}
