namespace Keyhole.Control;

internal sealed record MappingNode(int Line, int Column, IReadOnlyList<KeyValuePair<ScalarNode, Node>> Entries) : Node(Line, Column)
{
    public override string Kind => "a group of keys";
}
