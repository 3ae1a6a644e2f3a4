using System.Globalization;
using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

internal sealed partial class Script
{
    /// <summary>TSval of the stack's last segment that had one.</summary>
    public uint LastTimestamp { get; private set; }

    /// <summary>The peer's own clock for timestamps: milliseconds, starting at 1,000.</summary>
    public uint PeerTimestamp => (uint)((Now - 100_000_000_000) / 1_000) + 1_000;

    /// <summary>
    /// "mss 1000", "sackOK", "ws 7", "ts VALUE ECHO" (VALUE may be "now", ECHO "last"), "nots", "sack 1001:2001 3001:4001". On a
    /// connection with timestamps every segment of the peer has them unless it says "nots".
    /// </summary>
    private TcpOptions ReadOptions(Segment segment)
    {
        var options = default(TcpOptions);
        bool stamped = _timestamps && !segment.Has(TcpFlags.Syn) && !segment.Options.Contains("nots") && !segment.Has(TcpFlags.Rst);
        if (stamped)
            (options.HasTimestamps, options.TimestampValue, options.TimestampEchoReply) = (true, PeerTimestamp, LastTimestamp);
        foreach (string option in segment.Options)
        {
            string[] words = option.Split(' ');
            switch (words[0])
            {
                case "mss":
                    options.MaximumSegmentSize = ushort.Parse(words[1], CultureInfo.InvariantCulture);
                    break;
                case "ws":
                    options.WindowScale = byte.Parse(words[1], CultureInfo.InvariantCulture);
                    break;
                case "sackOK":
                    options.SackPermitted = true;
                    break;
                case "ts":
                    options.HasTimestamps = true;
                    options.TimestampValue = words[1] == "now" ? PeerTimestamp : uint.Parse(words[1], CultureInfo.InvariantCulture);
                    options.TimestampEchoReply = words[2] == "last" ? LastTimestamp : uint.Parse(words[2], CultureInfo.InvariantCulture);
                    break;
                case "sack":
                    foreach (string block in words[1..])
                    {
                        long[] edges = [.. block.Split(':').Select(edge => long.Parse(edge, CultureInfo.InvariantCulture))];
                        Assert.True(options.TryAddSackBlock(new SackBlock(OurIsn + (uint)edges[0], OurIsn + (uint)edges[1])));
                    }

                    break;
                case "nots":
                    break;
                default:
                    throw new ArgumentException($"'{option}' is no option.");
            }
        }

        return options;
    }

    public List<string> Describe(in TcpOptions options)
    {
        var list = new List<string>();
        if (options.MaximumSegmentSize is { } mss)
            list.Add($"mss {mss}");
        if (options.SackPermitted)
            list.Add("sackOK");
        if (options.WindowScale is { } shift)
            list.Add($"ws {shift}");
        if (options.HasTimestamps)
            list.Add($"ts {options.TimestampValue} {options.TimestampEchoReply}");
        if (options.SackBlockCount > 0)
        {
            var blocks = new List<string>();
            for (int i = 0; i < options.SackBlockCount; i++)
                blocks.Add($"{(int)(options.GetSackBlock(i).Left - PeerIsn)}:{(int)(options.GetSackBlock(i).Right - PeerIsn)}");
            list.Add("sack " + string.Join(' ', blocks));
        }

        return list;
    }

    /// <summary>Each described option is there and equal ("*" fits any word); "no NAME" says that one is not.</summary>
    private static bool OptionsFit(Segment expected, Segment sent)
    {
        foreach (string option in expected.Options)
        {
            string[] words = option.Split(' ');
            if (words[0] == "no")
            {
                if (sent.Options.Exists(other => other.Split(' ')[0] == words[1]))
                    return false;
                continue;
            }

            bool Fits(string other)
            {
                string[] others = other.Split(' ');
                return others.Length == words.Length && words.Zip(others).All(pair => pair.First == "*" || pair.First == pair.Second);
            }

            if (!sent.Options.Exists(Fits))
                return false;
        }

        return true;
    }
}
