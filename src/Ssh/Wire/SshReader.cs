using System.Buffers.Binary;
using System.Text;

namespace Keyhole.Ssh;

/// <summary>Reads the data types of RFC 4251 section 5. Every method is false where the bytes do not hold what is asked for; what was read before then says nothing.</summary>
public ref struct SshReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What has not been read yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    public readonly bool IsAtEnd => Rest.IsEmpty;

    public bool TryReadByte(out byte value)
    {
        value = 0;
        if (Rest.IsEmpty)
            return false;
        value = Rest[0];
        Rest = Rest[1..];
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(Rest, out value))
            return false;
        Rest = Rest[sizeof(uint)..];
        return true;
    }

    public bool TryReadUInt64(out ulong value)
    {
        if (!BinaryPrimitives.TryReadUInt64BigEndian(Rest, out value))
            return false;
        Rest = Rest[sizeof(ulong)..];
        return true;
    }

    /// <param name="value">A part of the span that is read.</param>
    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryReadUInt32(out uint length) || length > (uint)Rest.Length)
            return false;
        value = Rest[..(int)length];
        Rest = Rest[(int)length..];
        return true;
    }

    /// <summary>A string that is UTF-8.</summary>
    public bool TryReadText(out string value)
    {
        value = "";
        if (!TryReadString(out var bytes))
            return false;
        try
        {
            value = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>A positive mpint in its shortest form, without the zero that keeps it positive.</summary>
    public bool TryReadPositiveInteger(out ReadOnlySpan<byte> magnitude)
    {
        if (!TryReadString(out magnitude) || magnitude.IsEmpty || magnitude[0] >= 0x80)
            return false;
        if (magnitude[0] != 0)
            return true;
        magnitude = magnitude[1..];
        return !magnitude.IsEmpty && magnitude[0] >= 0x80;
    }
}
