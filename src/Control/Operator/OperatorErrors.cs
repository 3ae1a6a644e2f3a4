namespace Keyhole.Control;

internal static class OperatorErrors
{
    /// <summary>No object has this name; with the nearest that has one.</summary>
    public static OperatorException Unknown(string kind, string name, IEnumerable<string> known)
    {
        var names = known.ToList();
        string hint = Nearest.To(name, names) is { } nearest ? $"did you mean \"{nearest}\"?"
            : names.Count == 0 ? "the network has none: write it into the network file and apply"
            : $"the network has {string.Join(", ", names.Take(8))}{(names.Count > 8 ? ", …" : "")}";
        return new OperatorException($"no {kind} is named \"{Findings.Shown(name)}\"; {hint}");
    }
}
