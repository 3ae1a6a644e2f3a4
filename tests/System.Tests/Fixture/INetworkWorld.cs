using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Hosts and cables that a <see cref="Network"/> runs in.</summary>
internal interface INetworkWorld
{
    const string RelayAddress = "203.0.113.10";
    const string RelayAddress6 = "2001:db8:3::10";

    Topology Topology { get; }

    /// <summary>Where Control and the relay run, at <see cref="RelayAddress"/> and <see cref="RelayAddress6"/>.</summary>
    NetworkNamespace Vps { get; }
}
