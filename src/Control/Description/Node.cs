namespace Keyhole.Control;

/// <summary>A piece of YAML with the place where it begins, line and column counted from 1.</summary>
internal abstract record Node(int Line, int Column)
{
    public abstract string Kind { get; }
}
