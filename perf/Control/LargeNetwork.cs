using System.Globalization;
using System.Text;

namespace Keyhole.Perf;

/// <summary>A network file of 10,000 machines, each of which reaches ten of 1,000 resources on 100 sites.</summary>
internal static class LargeNetwork
{
    internal const int ClientCount = 10_000;
    internal const int ResourceCount = 1000;
    internal const int SiteCount = 100;
    internal const string Organisation = "bench";
    internal const string Owner = "owner@bench.example";
    internal const string RelayName = "vps";

    private const int GrantsPerResource = 100;

    internal static string ConnectorName(int site) => string.Create(CultureInfo.InvariantCulture, $"c{site}");

    internal static string ClientName(int index) => string.Create(CultureInfo.InvariantCulture, $"m{index}");

    internal static string Text(int portOfFirst = 443)
    {
        var text = new StringBuilder("version: 1\norg: bench\nrelays:\n  - { name: vps, endpoint: \"192.0.2.1:21820\", gateway: true }\nsites:\n");
        for (int site = 0; site < SiteCount; site++)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: s{site}, connectors: [{ConnectorName(site)}] }}\n");
        text.Append("resources:\n");
        for (int index = 0; index < ResourceCount; index++)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: r{index}, site: s{index % SiteCount}, destination: 10.{index % SiteCount}.{index / SiteCount}.1, tcp: \"{(index == 0 ? portOfFirst : 443)}\" }}\n");
        text.Append(CultureInfo.InvariantCulture, $"users:\n  - {{ email: {Owner}, roles: [owner] }}\n");
        text.Append(CultureInfo.InvariantCulture, $"machines: [{string.Join(", ", Enumerable.Range(0, ClientCount).Select(ClientName))}]\ngrants:\n");
        for (int index = 0; index < ResourceCount; index++)
        {
            var clients = Enumerable.Range(0, GrantsPerResource).Select(grant => ClientName((index * GrantsPerResource + grant) % ClientCount));
            text.Append(CultureInfo.InvariantCulture, $"  - {{ resource: r{index}, machines: [{string.Join(", ", clients)}] }}\n");
        }

        return text.ToString();
    }
}
