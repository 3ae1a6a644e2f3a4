using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Keyhole.Ssh;

/// <summary>Writes the data types of RFC 4251 section 5: big-endian numbers, and strings behind their length.</summary>
public sealed class SshWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public void WriteByte(byte value) => _bytes.Write([value]);

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.GetSpan(sizeof(uint)), value);
        _bytes.Advance(sizeof(uint));
    }

    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_bytes.GetSpan(sizeof(ulong)), value);
        _bytes.Advance(sizeof(ulong));
    }

    public void WriteString(ReadOnlySpan<byte> value)
    {
        WriteUInt32((uint)value.Length);
        _bytes.Write(value);
    }

    public void WriteString(string value) => WriteString(Encoding.UTF8.GetBytes(value));

    /// <summary>Bytes as they are, without a length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> value) => _bytes.Write(value);
}
