using System.Globalization;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Echo requests of the real ping.</summary>
internal static class Pings
{
    /// <summary>
    /// Holds that all of several in a row are answered, in one of three times: while a path changes, or the machine stands still, one may be lost. What loses one of
    /// every few does so each time.
    /// </summary>
    public static void AllAnswered(NetworkNamespace host, string address, int count = 5, double interval = 0.2) => BestOfThree.Where(
        output => output.Contains(" 0% packet loss", StringComparison.Ordinal),
        $"all pings from {host.Label} to {address} are answered",
        () => LabProcess.Execute(
            "ip", "netns", "exec", host.Name, "ping", "-c", $"{count}", "-i", interval.ToString(CultureInfo.InvariantCulture), "-W", "10", address).Output);
}
