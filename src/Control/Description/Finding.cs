namespace Keyhole.Control;

/// <summary>One thing that is wrong in a network file.</summary>
/// <param name="Line">Counted from 1.</param>
/// <param name="Column">Counted from 1.</param>
/// <param name="Path">Where in the document: "resources[2].tcp"; empty for the document itself.</param>
/// <param name="Value">What stands there, cut and without control characters; null where nothing does.</param>
/// <param name="Fix">What to write instead.</param>
internal sealed record Finding(int Line, int Column, string Path, string? Value, string Problem, string Fix)
{
    public string ToText(string file)
    {
        string path = Path.Length == 0 ? "" : $"{Path}: ";
        string value = Value is null ? "" : $"\"{Value}\": ";
        return $"{file}:{Line}:{Column}: {path}{value}{Problem}; {Fix}";
    }
}
