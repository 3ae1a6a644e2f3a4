using System.Runtime.InteropServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>The attributes that follow the fixed part of a message of rtnetlink(7).</summary>
internal readonly ref struct RouteAttributes(ReadOnlySpan<byte> attributes)
{
    private const int HeaderLength = 4;

    private readonly ReadOnlySpan<byte> _attributes = attributes;

    /// <summary>0 where there is none.</summary>
    public uint Number(ushort type) => Find(type) is { Length: sizeof(uint) } value ? MemoryMarshal.Read<uint>(value) : 0;

    /// <summary>Null where there is none.</summary>
    public IpAddress? Address(ushort type) => Find(type) is { Length: 4 or 16 } value ? IpAddress.FromBytes(value) : null;

    private ReadOnlySpan<byte> Find(ushort type)
    {
        var left = _attributes;
        while (left.Length >= HeaderLength)
        {
            int length = MemoryMarshal.Read<ushort>(left);
            if (length < HeaderLength || length > left.Length)
                break;
            if (MemoryMarshal.Read<ushort>(left[2..]) == type)
                return left[HeaderLength..length];
            left = left[Math.Min(left.Length, (length + 3) & ~3)..];
        }

        return default;
    }
}
