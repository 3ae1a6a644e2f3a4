using System.Text.Json;

namespace Keyhole.Control;

/// <summary>The configuration that was shown last: the device may still use it.</summary>
internal sealed record HandedConfig(DateTimeOffset At, ConfigContent Content)
{
    private const int MostPrefixes = 4;

    public static HandedConfig? Read(string? text) => text is null ? null : JsonSerializer.Deserialize(text, HandedJson.Default.HandedConfig);

    /// <summary>As <see cref="Peer.HandedOut"/> keeps it.</summary>
    public string ToText() => JsonSerializer.Serialize(this, HandedJson.Default.HandedConfig);

    /// <summary>Why the device needs it anew; empty while all of it holds.</summary>
    /// <param name="now">What would be shown today.</param>
    public IReadOnlyList<string> OutdatedBy(ConfigContent now)
    {
        var reasons = new List<string>();
        Compare(reasons, "key of the client", Content.PublicKey ?? "none", now.PublicKey ?? "none");
        Compare(reasons, "Address", string.Join(", ", Content.Addresses), string.Join(", ", now.Addresses));
        Compare(reasons, "DNS", string.Join(", ", Content.Dns), string.Join(", ", now.Dns));
        Compare(reasons, "MTU", $"{Content.Mtu}", $"{now.Mtu}");
        var before = Content.Peers.ToDictionary(peer => peer.Label, Names.Comparer);
        foreach (var peer in now.Peers)
        {
            if (!before.Remove(peer.Label, out var old))
            {
                reasons.Add($"{peer.Label} is not in it");
                continue;
            }

            Compare(reasons, $"PublicKey of {peer.Label}", old.PublicKey, peer.PublicKey);
            Compare(reasons, $"Endpoint of {peer.Label}", old.Endpoint, peer.Endpoint);
            Add(reasons, "AllowedIPs lacks", peer.AllowedIps.Except(old.AllowedIps));
            Add(reasons, "AllowedIPs holds what is not granted any more:", old.AllowedIps.Except(peer.AllowedIps));
        }

        reasons.AddRange(before.Values.Select(peer => $"{peer.Label} is in it and not used any more"));
        return reasons;
    }

    private static void Compare(List<string> reasons, string what, string before, string now)
    {
        if (before != now)
            reasons.Add($"{what}: {before} is now {now}");
    }

    private static void Add(List<string> reasons, string what, IEnumerable<string> prefixes)
    {
        var all = prefixes.ToList();
        if (all.Count != 0)
            reasons.Add($"{what} {string.Join(", ", all.Take(MostPrefixes))}{(all.Count > MostPrefixes ? $" and {all.Count - MostPrefixes} more" : "")}");
    }
}
