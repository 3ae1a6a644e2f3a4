using System.Globalization;
using System.Net;

namespace Keyhole.Control;

/// <summary>What somebody wants to reach: the name of a resource, an alias or an address, with or without a port.</summary>
/// <param name="Host">As it was written, without port and protocol.</param>
/// <param name="Port">0 for none.</param>
/// <param name="IsUdp">Null where no protocol was named: either will do.</param>
internal readonly record struct ExplainTarget(string Host, IPAddress? Address, int Port, bool? IsUdp)
{
    public const string Fix = "write the name of a resource, an alias or an address, with or without a port: web, db.acme.internal:5432, 192.0.2.1:53/udp, [2001:db8::1]:80";

    /// <exception cref="OperatorException">It is none.</exception>
    public static ExplainTarget Parse(string text)
    {
        string rest = text;
        bool? isUdp = rest.EndsWith("/udp", StringComparison.OrdinalIgnoreCase) ? true : rest.EndsWith("/tcp", StringComparison.OrdinalIgnoreCase) ? false : null;
        if (isUdp is not null)
            rest = rest[..^4];
        if (AddressSyntax.TryParse(rest, out var whole))
            return new ExplainTarget(rest, whole, 0, isUdp);
        int port = 0;
        int colon = rest.LastIndexOf(':');
        if (colon >= 0 && (!int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > ushort.MaxValue))
            throw new OperatorException($"\"{Findings.Shown(text)}\" has no port between 1 and 65535 behind its colon; {Fix}");
        string host = colon < 0 ? rest : rest[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (AddressSyntax.TryParse(bracketed ? host[1..^1] : host, out var address))
            return new ExplainTarget(host, address, port, isUdp);
        return bracketed || (!Names.IsName(host) && !HostSyntax.IsAlias(host.TrimEnd('.')))
            ? throw new OperatorException($"\"{Findings.Shown(text)}\" is no target; {Fix}")
            : new ExplainTarget(host.TrimEnd('.'), null, port, isUdp);
    }
}
