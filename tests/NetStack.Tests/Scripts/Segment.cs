using System.Globalization;
using System.Text;
using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>A segment of a script: sequence numbers count from the initial one of their sender, so that SYN is 0 and the first byte is 1.</summary>
internal sealed record Segment
{
    public TcpFlags Flags { get; init; }

    public long Seq { get; init; }

    public bool AnySeq { get; init; }

    public int Length { get; init; }

    public long? Ack { get; init; }

    public int? Window { get; init; }

    public List<string> Options { get; init; } = [];

    /// <summary>The bytes of <see cref="Length"/>; empty in what scripts write.</summary>
    public byte[] Payload { get; init; } = [];

    /// <summary>When the stack sent it.</summary>
    public long At { get; init; }

    public TcpOptions Parsed { get; init; }

    public long End => Seq + Length + ((Flags & TcpFlags.Syn) != 0 ? 1 : 0) + ((Flags & TcpFlags.Fin) != 0 ? 1 : 0);

    public bool Has(TcpFlags flag) => (Flags & flag) != 0;

    /// <summary>
    /// Reads <c>FLAGS SEQ[(LENGTH)] [ack N] [win N] [&lt;option, …&gt;]</c>. Flags are letters of SFRPUEC and a full stop for ACK, as
    /// in tcpdump; a sequence number of * fits any.
    /// </summary>
    public static Segment Parse(string line)
    {
        var options = new List<string>();
        int bracket = line.IndexOf('<', StringComparison.Ordinal);
        if (bracket >= 0)
        {
            options = [.. line[(bracket + 1)..line.IndexOf('>', StringComparison.Ordinal)].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
            line = line[..bracket];
        }

        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string seq = words[1];
        int length = 0;
        if (seq.IndexOf('(', StringComparison.Ordinal) is >= 0 and var open)
        {
            length = int.Parse(seq[(open + 1)..^1], CultureInfo.InvariantCulture);
            seq = seq[..open];
        }

        return new Segment
        {
            Flags = words[0].Aggregate(TcpFlags.None, (flags, letter) => flags | FlagOf(letter)),
            AnySeq = seq == "*",
            Seq = seq == "*" ? 0 : long.Parse(seq, CultureInfo.InvariantCulture),
            Length = length,
            Ack = Number(words, "ack"),
            Window = (int?)Number(words, "win"),
            Options = options,
        };
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (char letter in "SFRPUEC.")
        {
            if (Has(FlagOf(letter)))
                text.Append(letter);
        }

        text.Append(CultureInfo.InvariantCulture, $" {(AnySeq ? "*" : Seq)}({Length})");
        if (Ack is { } ack)
            text.Append(CultureInfo.InvariantCulture, $" ack {ack}");
        if (Window is { } window)
            text.Append(CultureInfo.InvariantCulture, $" win {window}");
        if (Options.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $" <{string.Join(", ", Options)}>");
        return text.ToString();
    }

    private static TcpFlags FlagOf(char letter) => letter switch
    {
        'S' => TcpFlags.Syn,
        'F' => TcpFlags.Fin,
        'R' => TcpFlags.Rst,
        'P' => TcpFlags.Psh,
        'U' => TcpFlags.Urg,
        'E' => TcpFlags.Ece,
        'C' => TcpFlags.Cwr,
        '.' => TcpFlags.Ack,
        _ => throw new ArgumentException($"'{letter}' is no flag."),
    };

    private static long? Number(string[] words, string name)
    {
        int at = Array.IndexOf(words, name);
        return at < 0 ? null : long.Parse(words[at + 1], CultureInfo.InvariantCulture);
    }
}
