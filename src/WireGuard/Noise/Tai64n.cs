using System.Buffers.Binary;

namespace Keyhole.WireGuard;

/// <summary>
/// A TAI64N label: 8 bytes of seconds since 1970 (TAI) plus 2^62 and 4 bytes of nanoseconds, big endian, so that
/// the later label is the greater byte string (paper section 5.1).
/// </summary>
public readonly record struct Tai64n(ulong Seconds, uint Nanoseconds) : IComparable<Tai64n>
{
    public const int Length = 12;

    private const ulong Epoch = 0x4000_0000_0000_000A;
    private const uint NanosecondsPerSecond = 1_000_000_000;

    /// <summary>About 16.8 ms: finer bits of the clock stay off the wire.</summary>
    private const uint Granularity = 1u << 24;

    /// <summary>The label of a Unix time in microseconds.</summary>
    public static Tai64n FromUnixMicroseconds(long microseconds) => new Tai64n(Epoch, 0).Add(microseconds);

    /// <summary>Reads a label; the span holds at least 12 bytes.</summary>
    public static Tai64n Read(ReadOnlySpan<byte> label) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(label), BinaryPrimitives.ReadUInt32BigEndian(label[8..]));

    /// <summary>Writes the 12 bytes of the label.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Seconds);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Nanoseconds);
    }

    public Tai64n Add(long microseconds)
    {
        long seconds = Math.DivRem(microseconds, 1_000_000, out long rest);
        long nanoseconds = Nanoseconds + rest * 1000;
        if (nanoseconds < 0)
        {
            nanoseconds += NanosecondsPerSecond;
            seconds--;
        }
        else if (nanoseconds >= NanosecondsPerSecond)
        {
            nanoseconds -= NanosecondsPerSecond;
            seconds++;
        }

        return new Tai64n(unchecked(Seconds + (ulong)seconds), (uint)nanoseconds);
    }

    /// <summary>The label without the bits that would tell an observer the exact clock.</summary>
    public Tai64n Whitened() => this with { Nanoseconds = Nanoseconds & ~(Granularity - 1) };

    /// <summary>The next label that <see cref="Whitened"/> can give.</summary>
    public Tai64n NextWhitened()
    {
        uint next = (Nanoseconds & ~(Granularity - 1)) + Granularity;
        return next < NanosecondsPerSecond ? new Tai64n(Seconds, next) : new Tai64n(Seconds + 1, 0);
    }

    public int CompareTo(Tai64n other) =>
        Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(Tai64n left, Tai64n right) => left.CompareTo(right) < 0;

    public static bool operator >(Tai64n left, Tai64n right) => left.CompareTo(right) > 0;

    public static bool operator <=(Tai64n left, Tai64n right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Tai64n left, Tai64n right) => left.CompareTo(right) >= 0;
}
