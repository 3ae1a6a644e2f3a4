namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>Mapping or filtering behaviour of a translator (RFC 4787, sections 4.1 and 5).</summary>
internal enum NatBehaviour
{
    EndpointIndependent,
    AddressDependent,
    AddressAndPortDependent,
}
