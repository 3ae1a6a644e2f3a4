namespace Keyhole.Client.Tests;

/// <summary>Tests that take hundreds of loopback's ports: they run alone, after the others, of which some want one certain port.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class LoopbackPorts
{
    public const string Name = "Hundreds of ports";
}
