using System.Net;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>
/// How many TCP connections there may be: in all and for one source, which is an IPv4 address or an IPv6 /64. Connections that have not shown yet what they
/// are have limits of their own, much lower, so that nobody fills the table by saying nothing. Any thread.
/// </summary>
internal sealed class ConnectionLimits
{
    public const int Maximum = 16_384;
    public const int MaximumPerSource = 2_048;
    public const int MaximumUnproven = 1_024;
    public const int MaximumUnprovenPerSource = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<IpAddress, (int All, int Unproven)> _sources = [];
    private int _count;
    private int _unproven;

    /// <summary>Connections.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _count;
        }
    }

    /// <summary>The source that a connection counts for.</summary>
    public static IpAddress SourceOf(IPAddress address)
    {
        var source = IpAddress.From(address);
        return source.IsIpv4 ? source : new IpAddress(source.High, 0);
    }

    /// <summary>Takes a place among the unproven; false when there is none.</summary>
    public bool TryEnter(in IpAddress source)
    {
        lock (_lock)
        {
            var of = _sources.GetValueOrDefault(source);
            if (_count >= Maximum || _unproven >= MaximumUnproven || of.All >= MaximumPerSource || of.Unproven >= MaximumUnprovenPerSource)
                return false;
            _sources[source] = (of.All + 1, of.Unproven + 1);
            _count++;
            _unproven++;
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

    /// <summary>Gives the place back.</summary>
    public void Leave(in IpAddress source, bool isProven)
    {
        lock (_lock)
        {
            var of = _sources[source];
            int unproven = isProven ? 0 : 1;
            if (of.All == 1)
                _sources.Remove(source);
            else
                _sources[source] = (of.All - 1, of.Unproven - unproven);
            _count--;
            _unproven -= unproven;
        }
    }
}
