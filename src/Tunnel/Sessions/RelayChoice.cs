namespace Keyhole.Tunnel;

/// <summary>
/// Which relay a client uses: the nearest that answers. It is left when it misses two pings, and otherwise only for one that has been clearly nearer for a
/// while, since a move costs a handshake. At equal distance the order of the table decides.
/// </summary>
internal sealed class RelayChoice
{
    /// <summary>How long another one must have been nearer.</summary>
    public const long Patience = 10_000_000;

    /// <summary>What another one must be nearer by at least, and that is 1/5 of the way besides.</summary>
    private const long Margin = 5_000;

    /// <summary>TLS is the last resort: what it costs under loss does not show in a round trip.</summary>
    private const long TlsPenalty = 100_000;

    private Registration? _challenger;
    private long _challengedAt;

    /// <summary>Null while no relay answers.</summary>
    public Registration? Current { get; private set; }

    /// <summary>When <see cref="Choose"/> is to be called for the sake of time alone.</summary>
    public long Deadline => _challenger is null ? long.MaxValue : _challengedAt + Patience;

    /// <summary>Compares again.</summary>
    public void Choose(List<Registration> registrations, long now)
    {
        var nearest = Nearest(registrations);
        if (Current is not { } current || !current.IsUsable || !registrations.Contains(current))
        {
            Take(nearest);
            return;
        }

        if (nearest is null || nearest == current || Distance(nearest) + Margin + Distance(nearest) / 5 > Distance(current))
        {
            _challenger = null;
            return;
        }

        if (_challenger != nearest)
        {
            _challenger = nearest;
            _challengedAt = now;
        }

        if (now - _challengedAt >= Patience)
            Take(nearest);
    }

    private void Take(Registration? registration)
    {
        Current = registration;
        _challenger = null;
    }

    private static Registration? Nearest(List<Registration> registrations)
    {
        Registration? nearest = null;
        foreach (var registration in registrations)
        {
            if (registration.State == RegistrationState.Live && (nearest is null || Distance(registration) < Distance(nearest)))
                nearest = registration;
        }

        return nearest;
    }

    private static long Distance(Registration registration) =>
        registration.Distance + (registration.Transport == RelayTransport.Tls ? TlsPenalty : 0);
}
