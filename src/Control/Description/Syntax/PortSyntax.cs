using System.Globalization;

namespace Keyhole.Control;

/// <summary>Port strings: "" none, "*" all, "22,80,8000-8100".</summary>
internal static class PortSyntax
{
    public const string Fix = "write \"\" for none, \"*\" for all, or ports and ranges like \"22,80,8000-8100\"";

    private static readonly PortRange All = new(1, ushort.MaxValue);

    /// <param name="ranges">Sorted, disjoint and joined where they touch.</param>
    /// <param name="problem">What is wrong when the answer is false.</param>
    public static bool TryParse(string text, out ValueList<PortRange> ranges, out string problem)
    {
        ranges = [];
        problem = "";
        if (string.IsNullOrWhiteSpace(text))
            return true;
        if (text.Trim() == "*")
        {
            ranges = [All];
            return true;
        }

        var parsed = new List<PortRange>();
        foreach (string part in text.Split(','))
        {
            if (!TryParseRange(part.Trim(), out var range, out problem))
                return false;
            parsed.Add(range);
        }

        ranges = Join(parsed);
        return true;
    }

    public static string Format(IReadOnlyList<PortRange> ranges) =>
        ranges is [var only] && only == All ? "*"
        : string.Join(',', ranges.Select(range => range.First == range.Last
            ? range.First.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last}")));

    private static bool TryParseRange(string part, out PortRange range, out string problem)
    {
        range = default;
        int dash = part.IndexOf('-', StringComparison.Ordinal);
        string first = (dash < 0 ? part : part[..dash]).Trim();
        string last = (dash < 0 ? part : part[(dash + 1)..]).Trim();
        if (!TryParsePort(first, out int from, out problem) || !TryParsePort(last, out int to, out problem))
            return false;
        if (from > to)
        {
            problem = $"the range {from}-{to} runs backwards";
            return false;
        }

        range = new PortRange(from, to);
        return true;
    }

    private static bool TryParsePort(string text, out int port, out string problem)
    {
        problem = "";
        port = 0;
        if (text.Length == 0)
            problem = "a port is missing";
        else if (text == "*")
            problem = "* stands alone";
        else if (!text.All(char.IsAsciiDigit))
            problem = $"\"{Findings.Shown(text)}\" is no port number";
        else if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > ushort.MaxValue)
            problem = $"port {Findings.Shown(text)} is not between 1 and 65535";
        return problem.Length == 0;
    }

    private static ValueList<PortRange> Join(List<PortRange> ranges)
    {
        var joined = new List<PortRange>();
        foreach (var range in ranges.OrderBy(range => range.First))
        {
            if (joined.Count != 0 && range.First <= joined[^1].Last + 1)
                joined[^1] = new PortRange(joined[^1].First, Math.Max(joined[^1].Last, range.Last));
            else
                joined.Add(range);
        }

        return joined.ToValueList();
    }
}
