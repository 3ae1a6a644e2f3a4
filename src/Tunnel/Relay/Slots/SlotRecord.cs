using System.Buffers.Binary;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// What a restart must know of an agent (docs/protocol.md, rule 23): no secret among it.
/// <code>
/// 0 public key (32) | 32 address (16) | 48 port (2) | 50 has address (1) | 52 TAI64N (12) | 64 boot nonce (16) | 80 heard at (8) | 88 version (8) | 120 check (8)
/// </code>
/// </summary>
/// <param name="Timestamp">The greatest TAI64N label of its initiations.</param>
/// <param name="BootNonce">Of the last hello; zero for none.</param>
/// <param name="HeardAt">Monotonic microseconds of this boot, to the half minute.</param>
/// <param name="Version">Counts the writes of a slot: of its two records the greater one is the newer.</param>
public readonly record struct SlotRecord(PublicKey PublicKey, IpEndpoint? Address, Tai64n Timestamp, UInt128 BootNonce, long HeardAt, ulong Version)
{
    /// <summary>In bytes.</summary>
    public const int Length = 128;

    /// <summary>False for an empty or torn record.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, out SlotRecord slot)
    {
        slot = default;
        ulong version = BinaryPrimitives.ReadUInt64LittleEndian(record[88..]);
        if (version == 0 || !CheckWord.Matches(record[..Length]))
            return false;
        slot = new SlotRecord(
            new PublicKey(record[..32]),
            record[50] == 0 ? null : new IpEndpoint(IpAddress.FromBytes(record.Slice(32, 16)), BinaryPrimitives.ReadUInt16BigEndian(record[48..])),
            Tai64n.Read(record[52..]),
            BinaryPrimitives.ReadUInt128LittleEndian(record[64..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[80..]),
            version);
        return true;
    }

    public void Write(Span<byte> record)
    {
        record[..Length].Clear();
        PublicKey.CopyTo(record);
        if (Address is { } address)
        {
            address.Address.Write16To(record[32..]);
            BinaryPrimitives.WriteUInt16BigEndian(record[48..], address.Port);
            record[50] = 1;
        }

        Timestamp.WriteTo(record[52..]);
        BinaryPrimitives.WriteUInt128LittleEndian(record[64..], BootNonce);
        BinaryPrimitives.WriteInt64LittleEndian(record[80..], HeardAt);
        BinaryPrimitives.WriteUInt64LittleEndian(record[88..], Version);
        CheckWord.Write(record[..Length]);
    }
}
