using System.Net;
using System.Net.Sockets;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>
/// Resolves the names of destinations as this host does, off the data thread. Answers are kept for two seconds, so that a change
/// takes effect at once and a burst of flows asks once.
/// </summary>
public sealed class NameResolver(EventLoop loop)
{
    private const long Freshness = 2_000_000;
    private const int MaximumNames = 4096;

    private readonly Dictionary<string, Answer> _answers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Calls back on the loop's thread with all addresses, best first, or none: at once when the answer is fresh. Questions for
    /// one name that is being asked wait for the same answer.
    /// </summary>
    public void Resolve(string name, long now, Action<IpAddress[]> answered)
    {
        ArgumentNullException.ThrowIfNull(answered);
        if (_answers.TryGetValue(name, out var answer))
        {
            if (answer.Waiting is { } waiting)
            {
                waiting.Add(answered);
                return;
            }

            if (now - answer.At < Freshness)
            {
                answered(answer.Addresses);
                return;
            }
        }

        if (_answers.Count >= MaximumNames)
            _answers.Clear();
        answer = new Answer { Waiting = [answered] };
        _answers[name] = answer;
        _ = Ask(name, answer);
    }

    private async Task Ask(string name, Answer answer)
    {
        IpAddress[] addresses;
        try
        {
            addresses = [.. (await Dns.GetHostAddressesAsync(name).ConfigureAwait(false)).Select(IpAddress.From).Distinct()];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            // No such name, no answer, not a name: for the caller they are the same, no address.
            addresses = [];
        }

        loop.Post(() =>
        {
            var waiting = answer.Waiting!;
            (answer.Waiting, answer.Addresses, answer.At) = (null, addresses, MonotonicClock.Now);
            foreach (var callback in waiting)
                callback(addresses);
        });
    }

    private sealed class Answer
    {
        public IpAddress[] Addresses { get; set; } = [];

        public long At { get; set; } = long.MinValue / 2;

        public List<Action<IpAddress[]>>? Waiting { get; set; }
    }
}
