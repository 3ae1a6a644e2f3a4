using Keyhole.Cryptography;

namespace Keyhole.Control.Tests;

public class PasswordTests
{
    /// <summary>So small that a test takes no time.</summary>
    private static readonly PasswordParameters Small = new(8, 1);

    [Theory]
    [InlineData("correct horse battery", true)]
    [InlineData("Grünkohl mit Pinkel", true)]
    [InlineData("short words", false)]
    [InlineData("aaaaaaaaaaaaaaaa", false)]
    [InlineData("abcdefghijklmnop", false)]
    [InlineData("987654321098", false)]
    [InlineData("qwertyuiopasdf", false)]
    [InlineData("ann.miller@acme.example", false)]
    [InlineData("ann.miller2026", false)]
    [InlineData("long enough\nbut two lines", false)]
    [InlineData("half a \ud800 character", false)]
    public void Passwords_are_long_and_not_what_is_guessed_first(string password, bool isGood) =>
        Assert.Equal(isGood, PasswordRules.Problem(password, "Ann.Miller@acme.example") is null);

    [Fact]
    public void A_password_has_an_end()
    {
        string password = string.Concat(Enumerable.Repeat("words and ", 26));
        Assert.NotNull(PasswordRules.Problem(password, "a@b.example"));
        Assert.False(PasswordRules.IsPossible(password));
        Assert.True(PasswordRules.IsPossible(password[..256]));
        Assert.False(PasswordRules.IsPossible(""));
    }

    [Fact]
    public void The_defaults_are_at_least_those_that_libsodium_calls_interactive()
    {
        Assert.True(PasswordParameters.Default.MemoryKibibytes >= 64 * 1024);
        Assert.True(PasswordParameters.Default.PassCount >= 2);
        // At most a quarter of a machine with 512 MB.
        Assert.True(PasswordParameters.Default.MemoryKibibytes * PasswordHasher.MaximumAtOnce <= 128 * 1024);
    }

    [Fact]
    public async Task The_right_password_matches_and_another_does_not()
    {
        using var hasher = new PasswordHasher(Small);
        string stored = await hasher.HashAsync("correct horse battery", default);
        Assert.StartsWith("$argon2id$v=19$m=8,t=1,p=1$", stored, StringComparison.Ordinal);
        Assert.NotEqual(stored, await hasher.HashAsync("correct horse battery", default));
        Assert.Equal((true, false), await hasher.VerifyAsync(stored, "correct horse battery", default));
        Assert.Equal((false, false), await hasher.VerifyAsync(stored, "correct horse batterz", default));
        Assert.Equal(stored, PasswordHash.Parse(stored)!.ToString());
    }

    [Fact]
    public async Task A_hash_of_smaller_parameters_matches_and_is_to_be_made_anew()
    {
        using var before = new PasswordHasher(Small);
        using var after = new PasswordHasher(new PasswordParameters(16, 2));
        string stored = await before.HashAsync("correct horse battery", default);
        Assert.Equal((true, true), await after.VerifyAsync(stored, "correct horse battery", default));
        Assert.Equal((false, false), await after.VerifyAsync(stored, "wrong horse battery", default));
        Assert.Equal((true, false), await before.VerifyAsync(await after.HashAsync("correct horse battery", default), "correct horse battery", default));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task An_account_that_does_not_exist_costs_the_same_hash()
    {
        using var hasher = new PasswordHasher(Small);
        string stored = await hasher.HashAsync("correct horse battery", default);
        long before = hasher.Count;
        Assert.False((await hasher.VerifyAsync(stored, "wrong", default)).IsRight);
        long existing = hasher.Count - before;
        Assert.False((await hasher.VerifyAsync(null, "wrong", default)).IsRight);
        Assert.False((await hasher.VerifyAsync("no hash", "wrong", default)).IsRight);
        Assert.Equal(1, existing);
        Assert.Equal(before + 3, hasher.Count);
    }

    [Fact]
    public async Task Logins_beyond_the_queue_are_turned_away()
    {
        using var hasher = new PasswordHasher(new PasswordParameters(4 * 1024, 4));
        var all = Enumerable.Range(0, 400).Select(_ => hasher.VerifyAsync(null, "wrong", default)).ToList();
        int refused = 0;
        foreach (var one in all)
        {
            try
            {
                await one;
            }
            catch (LoginBusyException)
            {
                refused++;
            }
        }

        Assert.True(refused > 0);
        Assert.Equal(400 - refused, hasher.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$argon2id$v=19$m=8,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void A_stored_text_that_is_no_hash_is_none(string text) => Assert.Null(PasswordHash.Parse(text));

    [Fact]
    public void A_hash_is_what_the_library_derives()
    {
        var hash = PasswordHash.Parse("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")!;
        Assert.Equal(Argon2id.SaltLength, hash.Salt.Length);
        Assert.Equal(32, hash.Output.Length);
    }
}
