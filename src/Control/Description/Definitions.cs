namespace Keyhole.Control;

/// <summary>The names of one kind that a file defines, and the places that use them.</summary>
/// <param name="builtIn">What may be used without being defined.</param>
internal sealed class Definitions(string kind, Findings findings, params IReadOnlyList<string> builtIn)
{
    /// <summary>The line of what stands in no file.</summary>
    private const int Present = 0;

    private readonly Dictionary<string, (string Name, int Line)> _names = new(Names.Comparer);

    public string Kind => kind;

    /// <summary>Takes up the names of objects that are there already.</summary>
    /// <param name="replaced">The object whose name is free, since it is read anew.</param>
    public void Know(IEnumerable<INamed> present, INamed? replaced) => Know(present.Where(item => item.Id != replaced?.Id).Select(item => item.Name));

    public void Know(IEnumerable<string> present)
    {
        foreach (string name in present)
            _names.TryAdd(name, (name, Present));
    }

    public bool Contains(string name) => _names.ContainsKey(name);

    /// <summary>Reads the "name" of a section.</summary>
    public string? Define(Section section) =>
        section.Require("name", "write name: and a name") is { } name ? DefineName(name, section.PathOf("name")) : null;

    /// <summary>Checks and defines a name; null and a finding when it cannot be one.</summary>
    public string? DefineName(Node node, string path)
    {
        if (node is not ScalarNode { IsNull: false } scalar)
        {
            findings.Add(node, path, $"this is {node.Kind}, the name of a {kind} is needed", $"use {Names.Rule}");
            return null;
        }

        if (!Names.IsName(scalar.Value))
        {
            findings.Add(scalar, path, "this is no name", $"use {Names.Rule}");
            _names.TryAdd(scalar.Value, (scalar.Value, scalar.Line));
            return null;
        }

        return Define(scalar, path, scalar.Value) ? scalar.Value : null;
    }

    /// <summary>False and a finding when the name is taken.</summary>
    public bool Define(Node node, string path, string name)
    {
        if (_names.TryAdd(name, (name, node.Line)))
            return true;
        var first = _names[name];
        string also = first.Name == name ? "" : $" as \"{Findings.Shown(first.Name)}\"; case makes no difference";
        findings.Add(
            node, path, first.Line == Present ? $"another {kind} has this name{also}" : $"this {kind} is there twice, first on line {first.Line}{also}", "rename or remove one of them");
        return false;
    }

    /// <summary>The defined name that is meant; null and a finding when there is none.</summary>
    public string? Resolve(ScalarNode use, string path)
    {
        if (_names.TryGetValue(use.Value, out var defined))
            return defined.Name;
        if (builtIn.FirstOrDefault(name => Names.Comparer.Equals(name, use.Value)) is { } known)
            return known;
        string fix = Nearest.To(use.Value, _names.Values.Select(name => name.Name).Concat(builtIn)) is { } nearest ? $"did you mean \"{Findings.Shown(nearest)}\"?"
            : _names.Count == 0 ? $"there is no {kind} yet: define it"
            : $"define it, or use one of {string.Join(", ", _names.Values.Take(8).Select(name => Findings.Shown(name.Name)))}";
        findings.Add(use, path, $"no {kind} has this name", fix);
        return null;
    }

    /// <summary>Resolves a list of names; one that stands there twice is a finding.</summary>
    public IReadOnlyList<string> ResolveEach(Section section, string key)
    {
        var resolved = new List<string>();
        int index = 0;
        foreach (var item in section.List(key, "name"))
        {
            string path = $"{section.PathOf(key)}[{index++}]";
            if (section.AsScalar(item, path, $"write the name of a {kind}") is not { } use || Resolve(use, path) is not { } name)
                continue;
            if (resolved.Contains(name))
                findings.Add(use, path, "this is in the list twice", "keep one of them");
            else
                resolved.Add(name);
        }

        return resolved;
    }
}
