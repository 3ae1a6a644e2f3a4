using System.Net;
using System.Net.Sockets;

namespace Keyhole.Control;

/// <summary>
/// Makes guessing slow without locking anybody out. Strangers share one budget per account and one per address; a browser or an
/// address from which the account has logged in before has a budget of its own, which strangers cannot use up. Every
/// wait ends by itself within minutes.
/// </summary>
internal sealed class LoginLimiter(TimeProvider time)
{
    public const int FreePerAddress = 20;
    public const int FreePerAccount = 10;
    public const int FreePerKnown = 10;
    public const int FreeDevicesPerAddress = 40;
    public const int FreeCeremoniesPerAddress = 40;

    private const int MaximumEmail = 320;
    private const int HostBitsOfIpv6 = 64;

    private readonly Lock _lock = new();
    private readonly AttemptBuckets _buckets = new(time);

    /// <summary>Begins a try, or says how long to wait. A try counts as failed until it is told to have succeeded, so that many at once are counted.</summary>
    /// <returns>Zero: go on.</returns>
    public TimeSpan Begin(LoginAttempt attempt)
    {
        lock (_lock)
        {
            var (address, account, free) = Keys(attempt);
            var wait = Max(attempt.Device is null ? _buckets.WaitOf(address, FreePerAddress) : TimeSpan.Zero, _buckets.WaitOf(account, free));
            if (wait > TimeSpan.Zero)
                return wait;
            _buckets.Add(address);
            _buckets.Add(account);
            return TimeSpan.Zero;
        }
    }

    /// <summary>
    /// A known address that has to wait may prove itself by a right second factor, whatever others did from there. Whether that
    /// is heard: who guesses the factor has few chances in a million.
    /// </summary>
    public bool BeginSecondFactor(LoginAttempt attempt)
    {
        lock (_lock)
        {
            string key = FactorKey(attempt);
            if (!attempt.IsKnownAddress || _buckets.WaitOf(key, FreePerKnown) > TimeSpan.Zero)
                return false;
            _buckets.Add(key);
            return true;
        }
    }

    /// <summary>The second factor was right: the password is heard too.</summary>
    public void SecondFactorSucceeded(LoginAttempt attempt)
    {
        lock (_lock)
        {
            var (address, account, _) = Keys(attempt);
            _buckets.TakeBack(FactorKey(attempt));
            _buckets.Add(address);
            _buckets.Add(account);
        }
    }

    /// <summary>The try was right.</summary>
    public void Succeeded(LoginAttempt attempt)
    {
        lock (_lock)
        {
            var (address, account, _) = Keys(attempt);
            // One right login does not forgive an address its wrong ones: it may be the attacker's own account.
            _buckets.TakeBack(address);
            if (attempt.Device is not null || attempt.IsKnownAddress)
                _buckets.Clear(account);
            else
                _buckets.TakeBack(account);
        }
    }

    /// <summary>The password was right and more is asked: neither failed nor succeeded, so that it opens no way to try out second factors.</summary>
    public void Undecided(LoginAttempt attempt)
    {
        lock (_lock)
        {
            var (address, account, _) = Keys(attempt);
            _buckets.TakeBack(address);
            _buckets.TakeBack(account);
        }
    }

    /// <summary>Counts a try that names no account, such as a user code, per address.</summary>
    /// <returns>How long to wait; zero: go on.</returns>
    public TimeSpan Begin(IPAddress address) => Begin($"address {Prefix(address)}", FreePerAddress);

    /// <summary>Counts a machine that begins to log in, per address. Those that are approved do not differ from here.</summary>
    public TimeSpan BeginDevice(IPAddress address) => Begin($"machines {Prefix(address)}", FreeDevicesPerAddress);

    public void Succeeded(IPAddress address)
    {
        lock (_lock)
            _buckets.TakeBack($"address {Prefix(address)}");
    }

    /// <summary>Counts a login by passkey or provider, per address and apart from passwords: they are not guessed, but junk costs work.</summary>
    /// <returns>How long to wait; zero: go on.</returns>
    public TimeSpan Begin(IPAddress address, LoginCeremony ceremony) => Begin(Key(address, ceremony), FreeCeremoniesPerAddress);

    /// <summary>As <see cref="Begin(IPAddress, LoginCeremony)"/>, for what costs nothing and does not count.</summary>
    public TimeSpan WaitOf(IPAddress address, LoginCeremony ceremony)
    {
        lock (_lock)
            return _buckets.WaitOf(Key(address, ceremony), FreeCeremoniesPerAddress);
    }

    public void Succeeded(IPAddress address, LoginCeremony ceremony)
    {
        lock (_lock)
            _buckets.TakeBack(Key(address, ceremony));
    }

    /// <summary>One subscriber's addresses: all of IPv4, the first 64 bits of IPv6.</summary>
    public static string Prefix(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() : Convert.ToHexString(address.GetAddressBytes().AsSpan(0, HostBitsOfIpv6 / 8));
    }

    private TimeSpan Begin(string key, int free)
    {
        lock (_lock)
        {
            var wait = _buckets.WaitOf(key, free);
            if (wait == TimeSpan.Zero)
                _buckets.Add(key);
            return wait;
        }
    }

    private static (string Address, string Account, int Free) Keys(LoginAttempt attempt)
    {
        string email = EmailKey(attempt);
        string address = Prefix(attempt.Address);
        if (attempt.Device is { } device)
            return ($"address {address}", $"device {device} {email}", FreePerKnown);
        return attempt.IsKnownAddress
            ? ($"address {address}", $"known {address} {email}", FreePerKnown)
            : ($"address {address}", $"account {email}", FreePerAccount);
    }

    private static string Key(IPAddress address, LoginCeremony ceremony) => $"{(ceremony == LoginCeremony.Passkey ? "passkeys" : "providers")} {Prefix(address)}";

    private static string FactorKey(LoginAttempt attempt) => $"factor {Prefix(attempt.Address)} {EmailKey(attempt)}";

    private static string EmailKey(LoginAttempt attempt) =>
        (attempt.Email.Length > MaximumEmail ? attempt.Email[..MaximumEmail] : attempt.Email).ToLowerInvariant();

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
