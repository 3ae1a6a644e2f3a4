using System.Text.RegularExpressions;

namespace Keyhole.System.Tests;

/// <summary>
/// A revocation is in force within a second. How long it took says Control, which measures from the moment that it stored the change to the confirmation of the
/// last that enforces it, and keeps that in its log. That the confirmation is true says a flow: nothing that was sent after it comes back, however slow the machine is.
/// </summary>
internal static partial class Revocation
{
    private static readonly TimeSpan s_promise = TimeSpan.FromSeconds(1);

    /// <summary>As many are sent after the confirmation before it is said that none of them came back.</summary>
    private const int EnoughSent = 50;

    /// <summary>Takes something away once, where it cannot be given back.</summary>
    /// <param name="take">Gives what the command said.</param>
    /// <returns>From the change to the last confirmation; <see cref="TimeSpan.MaxValue"/> where one did not come while the command waited.</returns>
    public static TimeSpan Take(Network network, IEchoes flow, Func<string> take)
    {
        network.UntilEchoed("the flow is alive before", flow);
        string answer = take();
        long sent = flow.SentCount;
        var time = EnforcedAfter(answer);
        if (time == TimeSpan.MaxValue)
            return time;
        network.Until("more was sent, in vain", () => flow.Ended || flow.SentCount > sent + EnoughSent);
        Assert.True(flow.BackCount <= sent, $"{flow.BackCount - sent} of {flow.SentCount - sent} that were sent after the confirmation came back:\n{answer}");
        return time;
    }

    /// <summary>Takes something away and gives it back, at most three times, until it was in force within a second.</summary>
    /// <param name="open">Opens a flow that the revocation ends; before each time.</param>
    /// <param name="afterwards">What else is to be seen of that flow each time.</param>
    public static TimeSpan InForceWithinASecond<TFlow>(
        Network network, string what, Func<TFlow> open, Func<string> take, Action giveBack, Action<TFlow>? afterwards = null)
        where TFlow : IEchoes, IDisposable
    {
        bool isTaken = false;
        return BestOfThree.Within(s_promise, what, () =>
        {
            if (isTaken)
                giveBack();
            using var flow = open();
            var time = Take(network, flow, take);
            isTaken = true;
            afterwards?.Invoke(flow);
            return time;
        });
    }

    /// <summary>The longest time of a confirmation, from what a command of <c>keyhole-control</c> says in JSON or in words; <see cref="TimeSpan.MaxValue"/> when one is missing.</summary>
    public static TimeSpan EnforcedAfter(string answer)
    {
        var times = Confirmed().Matches(answer).Select(match => int.Parse(match.Groups["time"].Value)).ToList();
        Assert.True(times.Count > 0 || Missing().IsMatch(answer), $"nobody enforces it:\n{answer}");
        return Missing().IsMatch(answer) ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(times.Max());
    }

    [GeneratedRegex(@"after (?<time>\d+) ms|""milliseconds"":\s*(?<time>\d+)")]
    private static partial Regex Confirmed();

    [GeneratedRegex(@"does not follow it yet|""missing"":\s*\[\s*[^\]\s]")]
    private static partial Regex Missing();
}
