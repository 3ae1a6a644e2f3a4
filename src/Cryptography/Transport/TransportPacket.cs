namespace Keyhole.Cryptography;

/// <summary>One packet of a batch: where it lies in the batch's buffer, its counter, and after opening whether it is authentic.</summary>
/// <param name="Offset">Of the first byte of plain or sealed text in the buffer.</param>
/// <param name="Length">Of the plaintext when sealing (16 bytes of room follow it), of ciphertext and tag when opening.</param>
/// <param name="Counter">The 64-bit nonce counter.</param>
public record struct TransportPacket(int Offset, int Length, ulong Counter)
{
    /// <summary>Written by <see cref="TransportKey.Open(Span{byte}, Span{TransportPacket})"/>.</summary>
    public bool IsAuthentic { get; set; }
}
