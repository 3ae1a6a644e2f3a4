using System.Net;
using System.Text;

namespace Keyhole.Client;

/// <summary>
/// The text of resolv.conf(5) with and without this client's server in front. Lines are added and marked, never changed, so that taking them out gives back
/// what somebody else wrote, byte for byte, also what was written in between. Several clients stand in front of each other, and each asks those behind it, so
/// that the names of all are answered and no query comes back.
/// </summary>
internal sealed class ResolvConf
{
    private const string Comment = "# keyhole answers the names that were granted and asks the servers below for the others.";

    /// <summary>What stands before a server that may not be asked directly.</summary>
    private const string Hidden = "# keyhole hides: ";

    /// <summary>Where a resolver asks that was told no server.</summary>
    private static readonly IPAddress Unsaid = IPAddress.Loopback;

    /// <summary>The servers of clients, in their order.</summary>
    private readonly List<IPAddress> _clients = [];

    /// <summary>All lines that are not theirs, as somebody else wrote them.</summary>
    private readonly List<string> _others = [];

    private ResolvConf(ReadOnlySpan<byte> content, IPAddress own)
    {
        bool isMarked = false;
        foreach (string written in Bytes.GetString(content).Split('\n'))
        {
            string line = written.StartsWith(Hidden, StringComparison.Ordinal) ? written[Hidden.Length..] : written;
            if (AddressOf(line) is { } address && (address.Equals(own) || (isMarked && ServerAddresses.OnLoopback.Contains(address))))
            {
                if (!_clients.Contains(address))
                    _clients.Add(address);
            }
            else if (line != Comment)
            {
                _others.Add(line);
            }

            isMarked = line == Comment;
        }
    }

    /// <summary>Bytes beyond ASCII come back as they were.</summary>
    private static Encoding Bytes => Encoding.Latin1;

    /// <summary>The content with <paramref name="server"/> before all but clients that came later. The others stay behind it: they answer when this program was killed.</summary>
    public static byte[] With(ReadOnlySpan<byte> content, IPAddress server)
    {
        var text = new ResolvConf(content, server);
        if (!text._clients.Contains(server))
            text._clients.Insert(0, server);
        return text.ToBytes();
    }

    /// <summary>The content without what <see cref="With"/> put into it.</summary>
    public static byte[] Without(ReadOnlySpan<byte> content, IPAddress server)
    {
        var text = new ResolvConf(content, server);
        text._clients.Remove(server);
        return text.ToBytes();
    }

    /// <summary>The servers of a content that <paramref name="own"/> asks, in their order; what the resolver takes for granted where it names none.</summary>
    /// <param name="own">This client's own server, which is not asked by itself; nor are those of clients before it, which ask this one in turn.</param>
    public static IReadOnlyList<IPEndPoint> Servers(ReadOnlySpan<byte> content, IPAddress own)
    {
        var text = new ResolvConf(content, own);
        var servers = text._clients.Skip(text._clients.IndexOf(own) + 1)
            .Concat(text._others.Select(AddressOf).OfType<IPAddress>().Where(address => !ServerAddresses.OnLoopback.Contains(address)))
            .Select(address => new IPEndPoint(address, 53)).ToList();
        return servers.Count > 0 ? servers : [new IPEndPoint(Unsaid, 53)];
    }

    /// <summary>With "options rotate" a resolver asks each server in turn, and all but the first do not know the names that were granted: they are hidden from it.</summary>
    private byte[] ToBytes()
    {
        bool hides = _clients.Count > 0 && Rotates();
        var lines = _clients.SelectMany((client, index) => new[] { Comment, $"{(hides && index > 0 ? Hidden : "")}nameserver {client}" })
            .Concat(_others.Select(line => hides && AddressOf(line) is not null ? Hidden + line : line));
        return Bytes.GetBytes(string.Join('\n', lines));
    }

    /// <summary>The address of a "nameserver" line; null for every other line.</summary>
    private static IPAddress? AddressOf(string line)
    {
        var words = WordsOf(line);
        return words.Length > 1 && words[0] == "nameserver" && IPAddress.TryParse(words[1], out var address) ? address : null;
    }

    private bool Rotates() => _others.Select(WordsOf).Any(words => words is ["options", ..] && words.Contains("rotate"));

    private static string[] WordsOf(string line) => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
