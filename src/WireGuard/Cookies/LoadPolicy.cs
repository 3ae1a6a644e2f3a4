using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>
/// When a device counts itself under load, so that handshakes need a cookie (mac2) and each source has a share
/// (paper section 5.3). Sources count by IPv4 address or IPv6 /64.
/// </summary>
public sealed record LoadPolicy
{
    /// <summary>Cookies once handshakes come faster than the device should be asked to compute.</summary>
    public static LoadPolicy Standard { get; } = new();

    /// <summary>No cookies and no share per source: for a device whose every source is limited before it.</summary>
    public static LoadPolicy Never { get; } = new() { HandshakesPerSecond = int.MaxValue, Burst = int.MaxValue };

    /// <summary>Every handshake needs a cookie.</summary>
    public static LoadPolicy Always { get; } = new() { HandshakesPerSecond = 0, Burst = 0 };

    /// <summary>Handshake messages with a valid mac1 per second above which the device is under load.</summary>
    public int HandshakesPerSecond { get; init; } = 1000;

    /// <summary>How many may come at once.</summary>
    public int Burst { get; init; } = 512;

    /// <summary>How long it stays under load after the last excess; microseconds.</summary>
    public long Hold { get; init; } = 1_000_000;

    /// <summary>Handshakes per second and source while under load.</summary>
    public int HandshakesPerSecondPerSource { get; init; } = 20;

    /// <summary>How many of one source may come at once while under load.</summary>
    public int BurstPerSource { get; init; } = 5;

    /// <summary>How many sources are told apart; memory is 16 bytes each. Sources beyond that share what is left.</summary>
    public int MaximumSources { get; init; } = 8192;

    /// <summary>
    /// Sources that need no cookie and have no share: a connector exempts its relay, which issues cookies and limits each agent before it forwards.
    /// </summary>
    public Predicate<IpEndpoint>? IsExempt { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (HandshakesPerSecond < 0 || Burst < 0 || Hold < 0)
            throw new ArgumentException("HandshakesPerSecond, Burst and Hold are not negative.");
        if (HandshakesPerSecondPerSource is < 1 or > 1_000_000 || BurstPerSource < 1 || MaximumSources is < 1 or > 1 << 24)
            throw new ArgumentException("A source has 1 to 1,000,000 handshakes per second, a burst of at least 1, and there are 1 to 2^24 sources.");
    }
}
