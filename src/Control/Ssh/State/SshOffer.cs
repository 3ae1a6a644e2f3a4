namespace Keyhole.Control;

/// <summary>What a host shows beside or in the place of what is known of it; it waits for the operator's word.</summary>
/// <param name="Connector">The one that told of it.</param>
/// <param name="HostKeys">All keys of its SSH server.</param>
/// <param name="Trusted">The CA's keys that are in force there.</param>
/// <param name="Pin">Of an external daemon.</param>
internal sealed record SshOffer(int Connector, ValueList<string> HostKeys, ValueList<string> Trusted, string? Pin);
