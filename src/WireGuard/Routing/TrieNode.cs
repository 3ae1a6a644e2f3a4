namespace Keyhole.WireGuard;

/// <summary>A prefix that has an owner, or at which two longer ones part. Lengths count from bit 0 of 128, IPv4 in its mapped form.</summary>
internal sealed class TrieNode(ulong high, ulong low, int length, Peer? owner)
{
    public readonly ulong High = high;
    public readonly ulong Low = low;
    public readonly int Length = length;
    public Peer? Owner = owner;
    public TrieNode? Zero;
    public TrieNode? One;
}
