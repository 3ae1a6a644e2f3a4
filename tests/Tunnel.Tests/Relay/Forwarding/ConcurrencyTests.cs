namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

public sealed class ConcurrencyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [Trait("Threat", "4")]
    public void Readers_never_see_a_wrong_pair_a_wrong_address_or_a_removed_session_while_the_writer_works(int together)
    {
        int seed = TestSeed.Next();
        var readers = new ConcurrentReaders(new RealTable(together), seed);
        readers.Run(TimeSpan.FromSeconds(TestSeed.IsLong ? 60 : 2));
        Assert.True(readers.Violation is null, $"seed {seed}: {readers.Violation}");
        Assert.True(readers.RoutedCount > 1000, $"only {readers.RoutedCount} were routed");
    }

    [Fact]
    public void The_readers_see_what_is_wrong_with_a_table_without_care()
    {
        var readers = new ConcurrentReaders(new BrokenTable(), TestSeed.Next());
        readers.Run(TimeSpan.FromSeconds(30));
        Assert.Contains(" went from ", readers.Violation, StringComparison.Ordinal);
    }
}
