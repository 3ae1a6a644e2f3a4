namespace Keyhole.NetStack.Tests;

/// <summary>The seed of random tests. Tests name it when they fail.</summary>
internal static class Seed
{
    public static int FromEnvironment() => TestSeed.Next();
}
