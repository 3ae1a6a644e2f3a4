using System.Globalization;
using System.Text;

namespace Keyhole.Agent;

/// <summary>Metrics in the Prometheus text format, version 0.0.4. Names are given whole; labels as pairs of name and value.</summary>
public sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private string _family = "";

    public void Counter(string name, string help, long value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Sample(name, "counter", help, value.ToString(CultureInfo.InvariantCulture), labels);

    public void Gauge(string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Sample(name, "gauge", help, value.ToString("R", CultureInfo.InvariantCulture), labels);

    public override string ToString() => _text.ToString();

    private void Sample(string name, string type, string help, string value, ReadOnlySpan<(string Name, string Value)> labels)
    {
        // Samples of one family follow each other, so its head is written when the family changes.
        if (_family != name)
        {
            _family = name;
            _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        }

        _text.Append(name);
        for (int index = 0; index < labels.Length; index++)
        {
            _text.Append(index == 0 ? '{' : ',').Append(labels[index].Name).Append("=\"");
            foreach (char c in labels[index].Value)
                _ = c switch
                {
                    '\\' => _text.Append("\\\\"),
                    '"' => _text.Append("\\\""),
                    '\n' => _text.Append("\\n"),
                    _ => _text.Append(c),
                };
            _text.Append('"');
        }

        if (labels.Length > 0)
            _text.Append('}');
        _text.Append(' ').Append(value).Append('\n');
    }
}
