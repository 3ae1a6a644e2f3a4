namespace Keyhole.WireGuard.Tests;

/// <summary>Tests that measure memory or time run while no other test does.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class Alone;
