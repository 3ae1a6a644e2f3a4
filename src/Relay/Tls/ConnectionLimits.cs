using System.Net;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>
/// How many TCP connections there may be: in all and for one source, which is an IPv4 address or an IPv6 /56, what one customer is given (RFC 6177). Connections that
/// have not shown yet what they are have limits of their own, much lower, and lower still the fewer places are left, so that nobody fills the table by saying nothing. Any thread.
/// </summary>
internal sealed class ConnectionLimits
{
    public const int Maximum = 16_384;
    public const int MaximumPerSource = 2_048;
    public const int MaximumUnproven = 1_024;
    public const int MaximumUnprovenPerSource = 64;

    /// <summary>TLS handshakes per second, and as many at once: some 0.3 ms of a processor each, so that they leave the data path the rest.</summary>
    public const int HandshakesPerSecond = 500;

    /// <summary>Of one source, as many at once as it may have unproven connections.</summary>
    public const int HandshakesPerSecondAndSource = 20;

    private const long Second = 1_000_000;
    private const long Unused = long.MinValue / 2;

    private readonly Lock _lock = new();
    private readonly Dictionary<IpAddress, Source> _sources = [];
    private int _count;
    private int _unproven;
    private long _usedUntil = Unused;

    /// <summary>Connections.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _count;
        }
    }

    /// <summary>Of one source, at this moment: a quarter once half of the places are taken, a sixteenth once three quarters are.</summary>
    private int UnprovenShare => MaximumUnprovenPerSource >> (_unproven < MaximumUnproven / 2 ? 0 : _unproven < MaximumUnproven / 4 * 3 ? 2 : 4);

    /// <summary>The source that a connection counts for.</summary>
    public static IpAddress SourceOf(IPAddress address)
    {
        var source = IpAddress.From(address);
        return source.IsIpv4 ? source : new IpAddress(source.High & ~0xFFUL, 0);
    }

    /// <summary>Takes a place among the unproven; false when there is none.</summary>
    public bool TryEnter(in IpAddress source)
    {
        lock (_lock)
        {
            var of = _sources.GetValueOrDefault(source);
            if (_count >= Maximum || _unproven >= MaximumUnproven || of.All >= MaximumPerSource || of.Unproven >= UnprovenShare)
                return false;
            if (of == default)
                of.UsedUntil = Unused;
            _sources[source] = of with { All = of.All + 1, Unproven = of.Unproven + 1 };
            _count++;
            _unproven++;
            return true;
        }
    }

    /// <summary>Whether a connection may begin a TLS handshake now.</summary>
    /// <param name="now">Monotonic microseconds.</param>
    public bool TryBeginHandshake(in IpAddress source, long now)
    {
        lock (_lock)
        {
            var of = _sources[source];
            if (!TryTake(ref of.UsedUntil, HandshakesPerSecondAndSource, MaximumUnprovenPerSource, now) || !TryTake(ref _usedUntil, HandshakesPerSecond, HandshakesPerSecond, now))
                return false;
            _sources[source] = of;
            return true;
        }
    }

    /// <summary>A connection has shown what it is.</summary>
    public void Prove(in IpAddress source)
    {
        lock (_lock)
        {
            var of = _sources[source];
            _sources[source] = of with { Unproven = of.Unproven - 1 };
            _unproven--;
        }
    }

    /// <summary>Forgets sources that are gone and would be new again; called now and then.</summary>
    public void Sweep(long now)
    {
        lock (_lock)
        {
            foreach (var (source, of) in _sources)
            {
                if (of.All == 0 && of.UsedUntil <= now - MaximumUnprovenPerSource * (Second / HandshakesPerSecondAndSource))
                    _sources.Remove(source);
            }
        }
    }

    /// <summary>Sources that are known.</summary>
    internal int SourceCount => _sources.Count;

    /// <summary>Gives the place back.</summary>
    public void Leave(in IpAddress source, bool isProven)
    {
        lock (_lock)
        {
            var of = _sources[source];
            int unproven = isProven ? 0 : 1;
            if (of is { All: 1, UsedUntil: Unused })
                _sources.Remove(source);
            else
                _sources[source] = of with { All = of.All - 1, Unproven = of.Unproven - unproven };
            _count--;
            _unproven -= unproven;
        }
    }

    /// <summary>A bucket that is the time up to which its tokens are used up; it lags at most its capacity behind.</summary>
    private static bool TryTake(ref long usedUntil, int perSecond, int capacity, long now)
    {
        long from = Math.Max(usedUntil, now - capacity * (Second / perSecond));
        if (from + Second / perSecond > now)
            return false;
        usedUntil = from + Second / perSecond;
        return true;
    }

    private record struct Source
    {
        public int All;
        public int Unproven;
        public long UsedUntil;
    }
}
