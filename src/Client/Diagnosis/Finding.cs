using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Edge;

namespace Keyhole.Client;

/// <summary>One line of a diagnosis.</summary>
/// <param name="Subject">"control", "clock", "udp", "tcp443", "mtu", "nat", "dns", "interface".</param>
/// <param name="Text">What was found, with the figures.</param>
/// <param name="Fix">What to do about it; null where nothing is to be done.</param>
internal sealed record Finding(string Subject, Verdict Verdict, string Text, string? Fix = null)
{
    public JsonObject ToJson() => new() { ["subject"] = Subject, ["verdict"] = StatusJson.Name(Verdict), ["text"] = Text, ["fix"] = Fix };

    /// <summary>One line for a terminal, and a second one with what to do. What peers and systems have said in them is escaped.</summary>
    public override string ToString()
    {
        string mark = Verdict switch { Verdict.Fine => "ok", Verdict.Limited => "limited", Verdict.Failed => "FAILED", _ => "unknown" };
        string found = AgentProgram.Shown($"{Subject,-10} {mark,-8} {Text}");
        return Fix is null ? found : $"{found}\n{"",-19} {AgentProgram.Shown(Fix)}";
    }
}
