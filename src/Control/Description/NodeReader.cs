using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Keyhole.Control;

/// <summary>
/// Reads YAML 1.1 into <see cref="Node"/>s. Anchors and tags are refused: a file that can name a piece of itself again can
/// also grow without bound.
/// </summary>
internal sealed class NodeReader
{
    private const int MaximumDepth = 16;

    private readonly Findings _findings;
    private readonly Parser _parser;

    private NodeReader(string text, Findings findings)
    {
        _findings = findings;
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <returns>Null when the text is no YAML or holds no document; the findings say where.</returns>
    public static Node? Read(string text, Findings findings)
    {
        var reader = new NodeReader(text, findings);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException error)
        {
            findings.Add(Place(error.Start.Line), Place(error.Start.Column), "", null, $"this is no YAML: {Findings.Shown(Reason(error))}", "check indentation, quotes and brackets around this place");
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            // What the scanner throws beside its own exception: for "[" above a value at the margin, and for a tag that is no URI.
            var place = reader._parser.Current?.End ?? Mark.Empty;
            findings.Add(Place(place.Line), Place(place.Column), "", null, "this is no YAML: what follows this place cannot be read", "check indentation, quotes and brackets around this place");
            return null;
        }
    }

    private Node? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            _findings.Add(1, 1, "", null, "the file is empty", "begin with \"version: 1\"");
            return null;
        }

        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            _findings.Add(Place(second.Start.Line), Place(second.Start.Column), "", null, "a second document begins here", "keep one network in one file");
            return null;
        }

        return root;
    }

    private Node? ReadNode(int depth)
    {
        if (depth > MaximumDepth)
            throw new YamlException(_parser.Current!.Start, _parser.Current.End, $"nested deeper than {MaximumDepth} levels");
        if (_parser.Current is NodeEvent node && (!node.Anchor.IsEmpty || (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)))
            _findings.Add(Place(node.Start.Line), Place(node.Start.Column), "", null, "anchors and tags are not read", "write the value itself");
        if (_parser.TryConsume<Scalar>(out var scalar))
            return new ScalarNode(Place(scalar.Start.Line), Place(scalar.Start.Column), scalar.Value, scalar.Style == ScalarStyle.Plain);
        if (_parser.TryConsume<SequenceStart>(out var sequence))
            return ReadSequence(sequence, depth);
        if (_parser.TryConsume<MappingStart>(out var mapping))
            return ReadMapping(mapping, depth);
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            _findings.Add(Place(alias.Start.Line), Place(alias.Start.Column), "", null, $"*{Findings.Shown(alias.Value.Value)} refers to another place", "write the value itself");
            return null;
        }

        throw new YamlException(_parser.Current!.Start, _parser.Current.End, "a value is missing");
    }

    private SequenceNode ReadSequence(SequenceStart start, int depth)
    {
        var items = new List<Node>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            if (ReadNode(depth + 1) is { } item)
                items.Add(item);
        }

        return new SequenceNode(Place(start.Start.Line), Place(start.Start.Column), items);
    }

    private MappingNode ReadMapping(MappingStart start, int depth)
    {
        var entries = new List<KeyValuePair<ScalarNode, Node>>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is ScalarNode name && value is not null)
                entries.Add(new(name, value));
            else if (key is not null and not ScalarNode)
                _findings.Add(key, "", $"a key cannot be {key.Kind}", "write \"key: value\"");
        }

        return new MappingNode(Place(start.Start.Line), Place(start.Start.Column), entries);
    }

    private static int Place(long position) => (int)Math.Max(1, position);

    /// <summary>YamlDotNet puts the place before its reason in some versions; the finding carries the place already.</summary>
    private static string Reason(YamlException error)
    {
        string message = error.InnerException?.Message ?? error.Message;
        int colon = message.LastIndexOf("): ", StringComparison.Ordinal);
        return (colon < 0 ? message : message[(colon + 3)..]).TrimEnd('.');
    }
}
