namespace Keyhole.Packets;

/// <summary>What the OPT record of a message says (RFC 6891 section 6.1).</summary>
/// <param name="PayloadLength">The largest UDP message that the sender takes, at least 512.</param>
/// <param name="Version">0 is the only one there is.</param>
public readonly record struct DnsEdns(int PayloadLength, int Version)
{
    /// <summary>What everybody takes, with EDNS or without (RFC 1035 section 4.2.1).</summary>
    public const int MinimumPayloadLength = 512;

    /// <summary>False when there is no OPT record, or more than one.</summary>
    public static bool TryFind(in DnsView message, out DnsEdns edns, out bool isMalformed)
    {
        edns = default;
        int count = 0;
        foreach (var record in message.Records)
        {
            if (record.Type != DnsType.Opt)
                continue;
            count++;
            edns = new DnsEdns(Math.Max(record.Class, (ushort)MinimumPayloadLength), (int)(record.TimeToLive >> 16) & 0xFF);
        }

        isMalformed = count > 1;
        return count == 1;
    }
}
