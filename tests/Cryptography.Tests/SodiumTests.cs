namespace Keyhole.Cryptography.Tests;

public class SodiumTests
{
    [Fact]
    public void The_library_is_there_and_passes_its_self_test()
    {
        Sodium.EnsureAvailable();
        Assert.StartsWith("1.", Sodium.Version, StringComparison.Ordinal);
    }

    [Fact]
    public void Absence_is_one_sentence_that_names_the_package()
    {
        var missing = Assert.Throws<SodiumUnavailableException>(() => Sodium.Load(["libsodium.so.9999", "libsodium-is-not-here.so"], typeof(Sodium).Assembly));
        Assert.Equal("libsodium is missing. Install the Debian package libsodium23 (apt-get install libsodium23).", missing.Message);
    }

    [Fact]
    public void Sonames_are_tried_from_23_upwards()
    {
        var names = Sodium.Candidates().ToList();
        Assert.Equal(["libsodium.so.23", "libsodium.so.24"], names.Take(2));
        Assert.Contains("libsodium.so.26", names);
    }
}
