using System.Net;

namespace Keyhole.Client;

/// <summary>A relay in the status of the running client.</summary>
/// <param name="State">As <c>keyhole status</c> prints it: "live" while it answers.</param>
/// <param name="Transport">"udp" or "tls".</param>
/// <param name="Hosts">Host names by which Control knows it; none where it is known by addresses.</param>
/// <param name="Endpoint">Where it is reached.</param>
/// <param name="SeenAs">Where it sees this client.</param>
/// <param name="TlsEndpoint">HOST:PORT; null where it serves no TLS.</param>
/// <param name="TlsPin">SHA-256 of its SubjectPublicKeyInfo, base64.</param>
internal sealed record RelayView(
    string Name, string State, string Transport, IReadOnlyList<string> Hosts, IPEndPoint? Endpoint, IPEndPoint? SeenAs, string? TlsEndpoint, string? TlsPin, double? RoundTripMilliseconds)
{
    public bool IsLive => State == "live";
}
