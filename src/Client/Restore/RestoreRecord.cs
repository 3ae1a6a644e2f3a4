using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyhole.Client;

/// <summary>What was changed on this machine, and what was there before.</summary>
/// <param name="Kind">Of the resolver, as in <c>--dns</c>.</param>
/// <param name="Link">The interface or contribution that it was told of; empty for a file.</param>
/// <param name="Server">The address of this client's name server.</param>
/// <param name="Path">The file; empty for others.</param>
/// <param name="Original">Its content; null when there was no such file.</param>
internal sealed record RestoreRecord(string Kind, string Link, IPAddress Server, string Path, byte[]? Original)
{
    private const int Version = 1;

    public byte[] ToBytes() => System.Text.Encoding.UTF8.GetBytes(new JsonObject
    {
        ["version"] = Version,
        ["dns"] = Kind,
        ["link"] = Link,
        ["server"] = Server.ToString(),
        ["path"] = Path,
        ["original"] = Original is null ? null : Convert.ToBase64String(Original),
    }.ToJsonString());

    /// <returns>Null for what no version of this program has written.</returns>
    public static RestoreRecord? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonNode.Parse(bytes) is JsonObject record && (int?)record["version"] == Version && IPAddress.TryParse((string?)record["server"], out var server)
                && (string?)record["dns"] is { } kind && (string?)record["link"] is { } link && (string?)record["path"] is { } path
                ? new RestoreRecord(kind, link, server, path, (string?)record["original"] is { } original ? Convert.FromBase64String(original) : null)
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
