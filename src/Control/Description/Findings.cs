namespace Keyhole.Control;

/// <summary>Collects everything that is wrong, so that one run shows all of it.</summary>
internal sealed class Findings
{
    private const int Maximum = 200;
    private const int ShownLength = 80;

    private readonly List<Finding> _found = [];

    public bool Any => _found.Count != 0;

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<Finding> Sorted() => [.. _found.OrderBy(finding => finding.Line).ThenBy(finding => finding.Column)];

    public void Add(Node node, string path, string problem, string fix) =>
        Add(node.Line, node.Column, path, (node as ScalarNode)?.Value, problem, fix);

    public void Add(int line, int column, string path, string? value, string problem, string fix)
    {
        if (_found.Count < Maximum)
            _found.Add(new Finding(line, column, path, value is null ? null : Shown(value), problem, fix));
    }

    /// <summary>Text of a stranger's file reaches terminals and logs: control characters become dots and length is bounded.</summary>
    public static string Shown(string text)
    {
        string cut = text.Length > ShownLength ? string.Concat(text.AsSpan(0, ShownLength), "…") : text;
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) || char.GetUnicodeCategory(source[i]) == System.Globalization.UnicodeCategory.Format ? '·' : source[i];
        });
    }
}
