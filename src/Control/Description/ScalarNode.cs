namespace Keyhole.Control;

/// <param name="Plain">Written without quotes, so that true, 80 and null may be meant as such.</param>
internal sealed record ScalarNode(int Line, int Column, string Value, bool Plain) : Node(Line, Column)
{
    public override string Kind => IsNull ? "nothing" : "a single value";

    public bool IsNull => Plain && Value is ("" or "~" or "null" or "Null" or "NULL");
}
