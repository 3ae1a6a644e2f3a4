using System.Globalization;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>What an interface has sent since it was made. A super-packet that leaves whole counts as one packet.</summary>
internal readonly record struct LinkCounters(long Packets, long Bytes)
{
    private const int HeaderLength = 14 + 20 + 8;

    /// <summary>Reads them through a process that lives in the namespace.</summary>
    internal static LinkCounters Sent(LabProcess inside, string device)
    {
        string line = File.ReadLines($"/proc/{inside.Id}/net/dev").First(line => line.TrimStart().StartsWith($"{device}:", StringComparison.Ordinal));
        long[] fields = [.. line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        return new LinkCounters(fields[9], fields[8]);
    }

    /// <summary>How many UDP datagrams of one size over IPv4 went between two readings, whole super-packets taken apart.</summary>
    internal static double Datagrams(LinkCounters before, LinkCounters after, int size) =>
        (after.Bytes - before.Bytes - (double)HeaderLength * (after.Packets - before.Packets)) / size;
}
