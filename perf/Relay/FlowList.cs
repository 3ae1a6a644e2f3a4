using System.Globalization;
using Keyhole.Packets;

namespace Keyhole.Perf;

/// <summary>Pairs of a client and a connector, each at an address of its own and all at one port, as the baselines read them.</summary>
internal static class FlowList
{
    internal const int Count = 64;
    internal const int Port = 51820;

    internal static IpEndpoint Client(int flow) => Endpoint($"10.201.4.{flow + 1}");

    internal static IpEndpoint Connector(int flow) => Endpoint($"10.201.3.{flow + 1}");

    /// <param name="receivers">The connector's index in the session of each flow.</param>
    internal static void Write(string path, IEnumerable<uint> receivers) => File.WriteAllLines(path, receivers.Select((receiver, flow) =>
        string.Create(CultureInfo.InvariantCulture, $"{Client(flow).Address} {Port} {Connector(flow).Address} {Port} {receiver}")));

    private static IpEndpoint Endpoint(string address) => new(IpAddress.Parse(address), Port);
}
