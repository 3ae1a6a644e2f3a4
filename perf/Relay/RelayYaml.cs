using System.Text;

namespace Keyhole.Perf;

/// <summary>A network of pairs: each machine is granted the one resource of a site of its own, which a stock connector serves.</summary>
internal static class RelayYaml
{
    /// <param name="relays">Name and endpoint of each relay.</param>
    /// <param name="pairs">The public keys of each machine and its connector.</param>
    internal static string Write(IEnumerable<(string Name, string Endpoint)> relays, IReadOnlyList<(string Machine, string Connector)> pairs)
    {
        var yaml = new StringBuilder("version: 1\norg: bench\nrelays:\n");
        foreach (var (name, endpoint) in relays)
            yaml.AppendLine($"  - {{ name: {name}, endpoint: \"{endpoint}\", gateway: false }}");
        Section("sites", i => $"{{ name: s{i}, connectors: [{{ name: c{i}, public-key: \"{pairs[i].Connector}\" }}] }}");
        Section("resources", i => $"{{ name: r{i}, site: s{i}, destination: 192.168.{i}.20, tcp: \"*\" }}");
        Section("machines", i => $"{{ name: m{i}, public-key: \"{pairs[i].Machine}\" }}");
        Section("grants", i => $"{{ resource: r{i}, machines: [m{i}] }}");
        return yaml.ToString();

        void Section(string name, Func<int, string> item)
        {
            yaml.AppendLine($"{name}:");
            for (int i = 0; i < pairs.Count; i++)
                yaml.AppendLine($"  - {item(i)}");
        }
    }
}
