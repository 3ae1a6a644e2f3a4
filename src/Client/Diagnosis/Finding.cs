using System.Text.Json.Nodes;

namespace Keyhole.Client;

/// <summary>One line of a diagnosis.</summary>
/// <param name="Subject">"control", "clock", "udp", "tcp443", "mtu", "nat", "dns", "interface".</param>
/// <param name="Text">What was found, with the figures.</param>
/// <param name="Fix">What to do about it; null where nothing is to be done.</param>
internal sealed record Finding(string Subject, Verdict Verdict, string Text, string? Fix = null)
{
    public JsonObject ToJson()
    {
        string verdict = Verdict.ToString();
        return new JsonObject { ["subject"] = Subject, ["verdict"] = char.ToLowerInvariant(verdict[0]) + verdict[1..], ["text"] = Text, ["fix"] = Fix };
    }

    public override string ToString()
    {
        string mark = Verdict switch { Verdict.Fine => "ok", Verdict.Limited => "limited", Verdict.Failed => "FAILED", _ => "unknown" };
        return Fix is null ? $"{Subject,-10} {mark,-8} {Text}" : $"{Subject,-10} {mark,-8} {Text}\n{"",-19} {Fix}";
    }
}
