using System.Net;

namespace Keyhole.Control.Tests;

public class LoginLimiterTests
{
    private readonly LoginClock _clock = new();
    private readonly LoginLimiter _limiter;

    public LoginLimiterTests() => _limiter = new LoginLimiter(_clock);

    [Fact]
    public void Junk_of_one_ceremony_slows_down_neither_the_other_nor_passwords_nor_other_addresses()
    {
        var home = IPAddress.Parse("192.0.2.1");
        for (int i = 0; i < LoginLimiter.FreeCeremoniesPerAddress; i++)
            Assert.Equal(TimeSpan.Zero, _limiter.Begin(home, LoginCeremony.Passkey));
        Assert.True(_limiter.Begin(home, LoginCeremony.Passkey) > TimeSpan.Zero);
        Assert.True(_limiter.WaitOf(home, LoginCeremony.Passkey) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(home, LoginCeremony.Provider));
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(home));
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(IPAddress.Parse("192.0.2.2"), LoginCeremony.Passkey));
        _limiter.Succeeded(home, LoginCeremony.Passkey);
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(home, LoginCeremony.Passkey));
    }

    [Fact]
    [Trait("Threat", "27")]
    public void Guesses_on_one_account_from_everywhere_get_slow()
    {
        int heard = 0;
        for (int i = 0; i < 3600; i++)
        {
            if (_limiter.Begin(Stranger("ann@acme.example", i)) == TimeSpan.Zero)
                heard++;
            _clock.Move(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(heard, LoginLimiter.FreePerAccount, LoginLimiter.FreePerAccount + 25);
    }

    [Fact]
    public void Guesses_on_all_accounts_from_one_address_get_slow()
    {
        int heard = 0;
        for (int i = 0; i < 3600; i++)
        {
            if (_limiter.Begin(new LoginAttempt($"user{i}@acme.example", IPAddress.Parse("192.0.2.1"), null, false)) == TimeSpan.Zero)
                heard++;
            _clock.Move(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(heard, LoginLimiter.FreePerAddress, LoginLimiter.FreePerAddress + 25);
    }

    [Fact]
    [Trait("Threat", "27")]
    public void A_flood_locks_neither_a_known_browser_nor_a_known_address_out()
    {
        Flood("ann@acme.example");
        Assert.True(_limiter.Begin(Stranger("ann@acme.example", 999)) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(new LoginAttempt("ann@acme.example", IPAddress.Parse("198.51.100.77"), "her laptop", false)));
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(new LoginAttempt("ANN@acme.example", IPAddress.Parse("198.51.100.78"), null, true)));
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(Stranger("bob@acme.example", 999)));
    }

    [Fact]
    public void A_known_browser_passes_although_its_address_is_busy_with_guessing()
    {
        var shared = IPAddress.Parse("192.0.2.1");
        for (int i = 0; i < LoginLimiter.FreePerAddress + 1; i++)
            _limiter.Begin(new LoginAttempt($"user{i}@acme.example", shared, null, false));
        Assert.True(_limiter.Begin(new LoginAttempt("bob@acme.example", shared, null, false)) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(new LoginAttempt("ann@acme.example", shared, "her laptop", false)));
    }

    [Fact]
    public void A_known_address_that_has_to_wait_may_show_its_second_factor_a_few_times()
    {
        var known = new LoginAttempt("ann@acme.example", IPAddress.Parse("192.0.2.1"), null, true);
        for (int i = 0; i < LoginLimiter.FreePerKnown; i++)
            Assert.Equal(TimeSpan.Zero, _limiter.Begin(known));
        Assert.True(_limiter.Begin(known) > TimeSpan.Zero);
        Assert.False(_limiter.BeginSecondFactor(Stranger("ann@acme.example", 1)));
        for (int i = 0; i < 50; i++)
        {
            Assert.True(_limiter.BeginSecondFactor(known));
            _limiter.SecondFactorSucceeded(known);
        }

        int guesses = 0;
        while (_limiter.BeginSecondFactor(known))
            guesses++;
        Assert.Equal(LoginLimiter.FreePerKnown, guesses);
    }

    [Fact]
    public void No_wait_is_longer_than_minutes_and_none_is_for_ever()
    {
        Flood("ann@acme.example");
        for (int i = 0; i < 1000; i++)
        {
            _limiter.Begin(Stranger("ann@acme.example", i));
            _clock.Move(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(_limiter.Begin(Stranger("ann@acme.example", 1)), TimeSpan.Zero, AttemptBuckets.LongestWait);
        _clock.Move(AttemptBuckets.LongestWait);
        Assert.Equal(TimeSpan.Zero, _limiter.Begin(Stranger("ann@acme.example", 1)));
    }

    [Fact]
    public void A_right_login_forgives_an_address_nothing_but_itself()
    {
        var mine = new LoginAttempt("mallory@acme.example", IPAddress.Parse("192.0.2.1"), "laptop", false);
        for (int i = 0; i < LoginLimiter.FreePerAddress; i++)
        {
            Assert.Equal(TimeSpan.Zero, _limiter.Begin(new LoginAttempt($"user{i}@acme.example", mine.Address, null, false)));
            Assert.Equal(TimeSpan.Zero, _limiter.Begin(mine));
            _limiter.Succeeded(mine);
        }

        Assert.True(_limiter.Begin(new LoginAttempt("ann@acme.example", mine.Address, null, false)) > TimeSpan.Zero);
    }

    [Fact]
    public void Many_at_once_are_counted_before_they_have_failed()
    {
        int heard = 0;
        Parallel.For(0, 200, i =>
        {
            if (_limiter.Begin(Stranger("ann@acme.example", i)) == TimeSpan.Zero)
                Interlocked.Increment(ref heard);
        });
        Assert.Equal(LoginLimiter.FreePerAccount, heard);
    }

    [Fact]
    public void All_addresses_of_one_IPv6_subscriber_are_one() =>
        Assert.Equal(LoginLimiter.Prefix(IPAddress.Parse("2001:db8:1:2::1")), LoginLimiter.Prefix(IPAddress.Parse("2001:db8:1:2:ffff::2")));

    [Fact]
    public void Memory_is_bounded()
    {
        var buckets = new AttemptBuckets(_clock);
        for (int i = 0; i < 3 * AttemptBuckets.MaximumKeys; i++)
            buckets.Add($"key {i}");
        Assert.InRange(buckets.Count, 1, AttemptBuckets.MaximumKeys);
    }

    private void Flood(string email)
    {
        for (int i = 0; i < 100; i++)
        {
            _limiter.Begin(Stranger(email, i));
            _clock.Move(TimeSpan.FromSeconds(2));
        }
    }

    private static LoginAttempt Stranger(string email, int number) =>
        new(email, new IPAddress([198, 51, (byte)(number >> 8), (byte)number]), null, false);
}
