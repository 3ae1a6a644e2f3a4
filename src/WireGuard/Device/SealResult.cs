namespace Keyhole.WireGuard;

/// <summary>The outcome of sealing one packet.</summary>
public readonly record struct SealResult
{
    public SealKind Kind { get; init; }

    /// <summary>Why it was dropped; <see cref="DropReason.None"/> when it was not.</summary>
    public DropReason DropReason { get; init; }

    /// <summary>Length of the datagram, from the start of the buffer, when sealed.</summary>
    public int Length { get; init; }

    /// <summary>The nonce counter that was used, when sealed.</summary>
    public ulong Counter { get; init; }
}
