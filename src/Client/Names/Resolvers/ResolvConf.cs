using System.Net;
using System.Text;

namespace Keyhole.Client;

/// <summary>
/// The text of resolv.conf(5) with and without this client's server in front. Lines are added and marked, never changed, so that taking them out gives back
/// what somebody else wrote, byte for byte, also what was written in between.
/// </summary>
internal static class ResolvConf
{
    private const string Comment = "# keyhole answers the names that were granted and asks the servers below for the others.";

    /// <summary>What stands before a server that may not be asked directly.</summary>
    private const string Hidden = "# keyhole hides: ";

    /// <summary>Where a resolver asks that was told no server.</summary>
    private static readonly IPAddress Unsaid = IPAddress.Loopback;

    /// <summary>Bytes beyond ASCII come back as they were.</summary>
    private static Encoding Bytes => Encoding.Latin1;

    /// <summary>The content with <paramref name="server"/> as the first one. The others stay behind it: they answer when this program was killed.</summary>
    public static byte[] With(ReadOnlySpan<byte> content, IPAddress server)
    {
        string text = Bytes.GetString(content);
        if (Rotates(text))
            text = string.Join('\n', text.Split('\n').Select(line => AddressOf(line) is null ? line : Hidden + line));
        return Bytes.GetBytes($"{Comment}\nnameserver {server}\n{text}");
    }

    /// <summary>The content without what <see cref="With"/> put into it.</summary>
    public static byte[] Without(ReadOnlySpan<byte> content, IPAddress server)
    {
        var lines = Bytes.GetString(content).Split('\n').ToList();
        lines.RemoveAll(line => line == Comment || (AddressOf(line) is { } address && address.Equals(server)));
        return Bytes.GetBytes(string.Join('\n', lines.Select(line => line.StartsWith(Hidden, StringComparison.Ordinal) ? line[Hidden.Length..] : line)));
    }

    /// <summary>The servers of a content, in their order; what the resolver takes for granted where it names none.</summary>
    /// <param name="own">This client's own server, which is not asked by itself; nor are those of other clients, which would ask this one in turn.</param>
    public static IReadOnlyList<IPEndPoint> Servers(ReadOnlySpan<byte> content, IPAddress own)
    {
        var servers = Bytes.GetString(content).Split('\n').Select(AddressOf).OfType<IPAddress>()
            .Where(address => !address.Equals(own) && !ServerAddresses.OnLoopback.Contains(address))
            .Select(address => new IPEndPoint(address, 53)).ToList();
        return servers.Count > 0 ? servers : [new IPEndPoint(Unsaid, 53)];
    }

    /// <summary>The address of a "nameserver" line; null for every other line.</summary>
    private static IPAddress? AddressOf(string line)
    {
        var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 1 && words[0] == "nameserver" && IPAddress.TryParse(words[1], out var address) ? address : null;
    }

    /// <summary>With "options rotate" a resolver asks each server in turn, and the others do not know the granted names.</summary>
    private static bool Rotates(string text) =>
        text.Split('\n').Select(line => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)).Any(words => words is ["options", ..] && words.Contains("rotate"));
}
