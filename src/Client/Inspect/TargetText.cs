using System.Globalization;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>What a person means: a name or an address, and perhaps a port.</summary>
/// <param name="Name">In lower case, without the last dot; null for an address.</param>
/// <param name="Port">0 for none.</param>
internal readonly record struct TargetText(string? Name, IpAddress Address, ushort Port)
{
    private const int MaximumNameLength = 253;

    /// <summary>Reads "db.acme.internal", "db.acme.internal:5432", "192.0.2.1", "192.0.2.1:80", "2001:db8::1" or "[2001:db8::1]:80".</summary>
    public static bool TryParse(string text, out TargetText target)
    {
        target = default;
        if (IpAddress.TryParse(text, out var address))
        {
            target = new TargetText(null, address, 0);
            return true;
        }

        if (IpEndpoint.TryParse(text, out var endpoint))
        {
            target = new TargetText(null, endpoint.Address, endpoint.Port);
            return endpoint.Port > 0;
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        ushort port = 0;
        if (colon >= 0 && (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port == 0))
            return false;
        string name = (colon < 0 ? text : text[..colon]).TrimEnd('.').ToLowerInvariant();
        if (name.Length is 0 or > MaximumNameLength || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_'))
            return false;
        target = new TargetText(name, default, port);
        return true;
    }
}
