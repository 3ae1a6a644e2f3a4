namespace Keyhole.NetStack.Tests.Mutants;

/// <summary>A rule taken out of the stack: in a file of src/NetStack, text that stands there exactly once is replaced.</summary>
public sealed record Mutant(string Pitfall, string Rule, string File, string Original, string Replacement)
{
    public override string ToString() => $"{Pitfall} {Rule}";
}
