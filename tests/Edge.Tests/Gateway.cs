using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Edge.Tests;

/// <summary>A gateway's side of the port mapping protocols, written from the RFCs and not with the code under test.</summary>
internal sealed class Gateway
{
    public bool SpeaksPcp { get; set; }

    public bool SpeaksNatPmp { get; set; }

    public int Result { get; set; }

    public uint Lifetime { get; set; } = 3600;

    public uint Epoch { get; set; } = 1000;

    public ushort ExternalPort { get; set; } = 40_000;

    public int Requests { get; private set; }

    public uint LastLifetime { get; private set; }

    public static byte[] PcpAnswer(byte result, uint lifetime, uint epoch, ReadOnlySpan<byte> nonce, ushort port, string address, ushort external)
    {
        var answer = new byte[60];
        (answer[0], answer[1], answer[3]) = (2, 0x81, result);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(4), lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(8), epoch);
        nonce.CopyTo(answer.AsSpan(24));
        answer[36] = 17;
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(40), port);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(42), external);
        IpAddress.Parse(address).Write16To(answer.AsSpan(44));
        return answer;
    }

    /// <summary>The answer to a request; null for silence.</summary>
    public byte[]? Answer(ReadOnlySpan<byte> request)
    {
        Requests++;
        if (request[0] == 2)
        {
            if (!SpeaksPcp)
                return SpeaksNatPmp ? [0, 128, 0, 1, 0, 0, 0, 1] : null;
            LastLifetime = BinaryPrimitives.ReadUInt32BigEndian(request[4..]);
            return PcpAnswer((byte)Result, Lifetime, Epoch, request.Slice(24, 12), BinaryPrimitives.ReadUInt16BigEndian(request[40..]), "192.0.2.7", ExternalPort);
        }

        if (!SpeaksNatPmp)
            return null;
        if (request.Length == 2)
        {
            byte[] address = [0, 128, 0, (byte)Result, 0, 0, 0, 0, 192, 0, 2, 7];
            BinaryPrimitives.WriteUInt32BigEndian(address.AsSpan(4), Epoch);
            return address;
        }

        LastLifetime = BinaryPrimitives.ReadUInt32BigEndian(request[8..]);
        byte[] map = [0, 129, 0, (byte)Result, 0, 0, 0, 0, request[4], request[5], (byte)(ExternalPort >> 8), (byte)ExternalPort, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(map.AsSpan(4), Epoch);
        BinaryPrimitives.WriteUInt32BigEndian(map.AsSpan(12), Lifetime);
        return map;
    }
}
