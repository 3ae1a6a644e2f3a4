using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>What a gateway said of a mapping.</summary>
/// <param name="Result">0 for success; the other codes differ between the protocols.</param>
/// <param name="Lifetime">Seconds that the mapping stands, or that the refusal holds.</param>
/// <param name="Epoch">Seconds since the gateway lost its mappings.</param>
/// <param name="Address">The external address; unspecified where the message does not name it.</param>
/// <param name="Port">The external port.</param>
internal readonly record struct MappingAnswer(int Result, uint Lifetime, uint Epoch, IpAddress Address, ushort Port);
