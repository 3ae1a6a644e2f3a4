using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>With KEYHOLE_LONG=1 a campaign of minutes; KEYHOLE_SEED names the first seed.</summary>
    [Fact]
    [Trait("Pitfall", "P19")]
    public void A_peer_and_a_host_that_do_anything_break_nothing()
    {
        int first = Seed.FromEnvironment();
        int rounds = Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? 20_000 : 60;
        for (int seed = first; seed < first + rounds; seed++)
        {
            try
            {
                new StackFuzz(seed).Run(3_000);
            }
            catch
            {
                output.WriteLine($"KEYHOLE_SEED={seed}");
                throw;
            }
        }
    }
}
