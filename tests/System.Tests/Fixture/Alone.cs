namespace Keyhole.System.Tests;

/// <summary>What the collection is of all tests that run one after the other, while no other does.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;
