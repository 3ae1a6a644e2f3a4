namespace Keyhole.Control;

internal sealed record RelayDescription(string Name, ValueList<string> Endpoints, ValueList<string> TlsEndpoints, bool Gateway)
{
    public ValueList<string> DnsForward { get; init; } = [];
}
