namespace Keyhole.Control;

/// <summary>The keys of one object, each read once: unknown and repeated keys and wrong kinds of values become findings.</summary>
internal sealed class Section
{
    private readonly Findings _findings;
    private readonly Dictionary<string, Node> _values = new(StringComparer.Ordinal);

    public Section(MappingNode node, string path, Findings findings, params IReadOnlyList<string> keys)
    {
        Node = node;
        Path = path;
        _findings = findings;
        foreach (var (key, value) in node.Entries)
        {
            if (!keys.Contains(key.Value))
                findings.Add(key, path, "unknown key", Known(key.Value, keys));
            else if (!_values.TryAdd(key.Value, value))
                findings.Add(key, path, $"written twice, first on line {_values[key.Value].Line}", "keep one of them");
        }
    }

    public MappingNode Node { get; }

    public string Path { get; }

    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    /// <summary>The value of a key; null where it is left out or empty.</summary>
    public Node? Find(string key) => _values.TryGetValue(key, out var node) && node is not ScalarNode { IsNull: true } ? node : null;

    /// <summary>Whether the key stands there with nothing behind it.</summary>
    public bool IsEmpty(string key) => _values.TryGetValue(key, out var node) && node is ScalarNode { IsNull: true };

    /// <summary>A value that must be there, or a finding and null.</summary>
    public ScalarNode? Require(string key, string fix)
    {
        if (Find(key) is { } node)
            return AsScalar(node, PathOf(key), fix);
        var place = _values.GetValueOrDefault(key) ?? Node;
        _findings.Add(place.Line, place.Column, Path, null, $"\"{key}\" is missing", fix);
        return null;
    }

    public ScalarNode? Text(string key, string fix) => Find(key) is { } node ? AsScalar(node, PathOf(key), fix) : null;

    public bool Flag(string key)
    {
        switch (Find(key))
        {
            case null:
                return false;
            case ScalarNode { Plain: true, Value: "true" or "false" } scalar:
                return scalar.Value == "true";
            case var other:
                _findings.Add(other, PathOf(key), "this is neither true nor false", $"write {key}: true or {key}: false, without quotes");
                return false;
        }
    }

    /// <summary>The items of a list; none where the key is left out.</summary>
    public IReadOnlyList<Node> List(string key, string example)
    {
        switch (Find(key))
        {
            case null:
                return [];
            case SequenceNode list:
                return list.Items;
            case var other:
                _findings.Add(other, PathOf(key), $"this is {other.Kind}, a list is needed", $"write {key}: [{example}]");
                return [];
        }
    }

    public ScalarNode? AsScalar(Node node, string path, string fix)
    {
        if (node is ScalarNode { IsNull: false } scalar)
            return scalar;
        _findings.Add(node, path, $"this is {node.Kind}, a single value is needed", fix);
        return null;
    }

    private static string Known(string key, IReadOnlyList<string> keys) =>
        Nearest.To(key, keys) is { } nearest ? $"did you mean \"{nearest}\"?" : $"the keys here are {string.Join(", ", keys)}";
}
