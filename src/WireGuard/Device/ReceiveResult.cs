namespace Keyhole.WireGuard;

/// <summary>The outcome of one received datagram.</summary>
public readonly record struct ReceiveResult
{
    public ReceiveKind Kind { get; init; }

    /// <summary>Why it was dropped; <see cref="DropReason.None"/> when it was not.</summary>
    public DropReason DropReason { get; init; }

    /// <summary>Which message it was; <see cref="MessageType.None"/> when malformed.</summary>
    public MessageType MessageType { get; init; }

    /// <summary>
    /// This message completed a session: the response to our initiation, or the first transport message under a session to which we responded.
    /// </summary>
    public bool NewSession { get; init; }

    /// <summary>
    /// The first transport message under a session to which we responded: the peer holds the keys and received our response.
    /// </summary>
    public bool Confirmed { get; init; }

    /// <summary>A transport message under an older session than one that the peer has already sent under.</summary>
    public bool IsOlderSession { get; init; }

    /// <summary>
    /// Who sent it. Set exactly when the message is authentic and fresh, so also for a drop for its inner address: such a result proves that the
    /// peer sent the datagram, though not (until it answers from there) that it is at the source address.
    /// </summary>
    public Peer? Peer { get; init; }

    /// <summary>Where the opened packet starts within the datagram.</summary>
    public int Offset { get; init; }

    /// <summary>
    /// Length of the opened packet: by its IP header, or all that was sealed (padding included) when the first nibble is neither 4 nor 6.
    /// </summary>
    public int Length { get; init; }

    /// <summary>The nonce counter of a transport message.</summary>
    public ulong Counter { get; init; }
}
