using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>An address from which an agent was heard and which it has not proven yet (docs/protocol.md, rule 2).</summary>
internal struct Candidate
{
    public IpEndpoint? Address;

    /// <summary>Bytes that came from there, less bytes that went there: never negative.</summary>
    public long Credit;

    /// <summary>A handshake response went there: first data from there proves it.</summary>
    public bool WasAnswered;

    /// <summary>An initiation of ours went there: its response from there proves it.</summary>
    public bool WasInitiatedTo;

    /// <summary>Data came from there under an older session than the agent has used: see <see cref="Contest"/>.</summary>
    public bool IsOfOlderSession;

    /// <summary>The nonce of the ping that went there; its pong from there proves it. 0 for none.</summary>
    public ulong Nonce;

    public long ChallengedAt;
}
