namespace Keyhole.Control;

/// <summary>A configuration file: YAML with the names of flags as keys, like "listen: http://127.0.0.1:8080".</summary>
internal static class ConfigurationFile
{
    private const int MaximumLength = 64 * 1024;

    /// <summary>The values of a file, each with its line.</summary>
    /// <exception cref="OperatorException">It cannot be read, or holds something unknown; the message has every finding, one to a line.</exception>
    public static IReadOnlyDictionary<ConfigurationKey, ConfigurationValue> Read(string path)
    {
        string shown = Findings.Shown(path);
        string text = ReadText(path, shown);
        var findings = new Findings();
        var values = new Dictionary<ConfigurationKey, ConfigurationValue>();
        // An empty file, and one that holds comments only, sets nothing.
        if (text.Split('\n').All(line => line.AsSpan().Trim() is [] or ['#', ..]))
            return values;
        if (NodeReader.Read(text, findings) is { } root)
            Read(root, shown, findings, values);
        if (findings.Any)
            throw new OperatorException(string.Join('\n', findings.Sorted().Select(finding => finding.ToText(shown))));
        return values;
    }

    private static void Read(Node root, string shown, Findings findings, Dictionary<ConfigurationKey, ConfigurationValue> values)
    {
        if (root is not MappingNode mapping)
        {
            findings.Add(root, "", $"this is {root.Kind}, a group of keys is needed", "write lines like \"listen: http://127.0.0.1:8080\"");
            return;
        }

        var section = new Section(mapping, "", findings, [.. ConfigurationKeys.All.Select(key => key.Name)]);
        foreach (var key in ConfigurationKeys.All)
        {
            if (section.Find(key.Name) is not { } node)
                continue;
            if (key.IsSwitch)
                values[key] = new ConfigurationValue(section.Flag(key.Name) ? "true" : "false", $"{shown} line {node.Line}");
            else if (Text(section, node, key) is { } text)
                values[key] = new ConfigurationValue(text, $"{shown} line {node.Line}");
        }
    }

    /// <summary>One value, or a list of them.</summary>
    private static string? Text(Section section, Node node, ConfigurationKey key)
    {
        string fix = $"write {key.Name}: {key.Placeholder}";
        if (node is not SequenceNode list)
            return section.AsScalar(node, key.Name, fix)?.Value;
        var items = list.Items.Select((item, index) => section.AsScalar(item, $"{key.Name}[{index}]", fix)?.Value).OfType<string>().ToList();
        return items.Count == 0 ? null : string.Join(',', items);
    }

    private static string ReadText(string path, string shown)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > MaximumLength)
                throw new OperatorException($"the configuration file {shown} is longer than {MaximumLength} bytes");
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OperatorException($"the configuration file cannot be read: {error.Message}");
        }
    }
}
