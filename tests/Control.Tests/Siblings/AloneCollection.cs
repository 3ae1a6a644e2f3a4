namespace Keyhole.Control.Tests;

/// <summary>Tests that hold processes against a promised time run while no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "alone";
}
