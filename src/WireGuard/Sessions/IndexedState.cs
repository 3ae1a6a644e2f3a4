namespace Keyhole.WireGuard;

/// <summary>What one of our receiver indices stands for: an initiation that waits for its response, or a session.</summary>
internal abstract class IndexedState(Peer peer)
{
    public readonly Peer Peer = peer;

    /// <summary>The index that the peer writes into its messages to us.</summary>
    public uint Index;

    /// <summary>The next of the same bucket of the <see cref="IndexTable"/>, which alone writes it.</summary>
    public IndexedState? NextInBucket;
}
