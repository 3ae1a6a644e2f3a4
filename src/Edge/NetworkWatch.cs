using System.Net.NetworkInformation;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Edge;

/// <summary>
/// Watches the addresses and gateways of this machine, and tells when they are others: at once where the system says so (rtnetlink on Linux), and within
/// <see cref="LongestWait"/> anyway. Not on the data thread.
/// </summary>
public sealed class NetworkWatch : IAsyncDisposable
{
    /// <summary>Most networks that are followed; a machine with more has containers or bridges that nobody reaches from outside.</summary>
    private const int MaximumCount = 64;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>After something unexpected it goes on after these waits, the last one again and again.</summary>
    private static readonly TimeSpan[] s_pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), LongestWait];

    /// <summary>Changes come in flocks: what follows within this time is told together.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(20);

    private readonly string? _except;
    private readonly Func<IReadOnlyList<LocalAddress>, Task> _changed;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private long _faultCount;

    /// <param name="except">The interface whose addresses are the tunnel's own; null for none.</param>
    /// <param name="changed">Called with the addresses that there are, first of all and whenever they, or the gateways, have changed.</param>
    public NetworkWatch(string? except, Func<IReadOnlyList<LocalAddress>, Task> changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        _except = except;
        _changed = changed;
        NetworkChange.NetworkAddressChanged += OnChanged;
        NetworkChange.NetworkAvailabilityChanged += OnChanged;
        _running = Task.Run(RunAsync);
    }

    /// <summary>How often something unexpected interrupted it: the system's answer, or whoever was told. From any thread.</summary>
    public long FaultCount => Interlocked.Read(ref _faultCount);

    public async ValueTask DisposeAsync()
    {
        NetworkChange.NetworkAddressChanged -= OnChanged;
        NetworkChange.NetworkAvailabilityChanged -= OnChanged;
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _signal.Dispose();
    }

    private void OnChanged(object? sender, EventArgs e)
    {
        try
        {
            _signal.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // It is known already, or nobody wants to know.
        }
    }

    private async Task RunAsync()
    {
        for (int faults = 0; ; faults++)
        {
            try
            {
                await WatchAsync();
            }
            catch (OperationCanceledException)
            {
                // The program ends, or the data thread has.
                return;
            }
#pragma warning disable CA1031 // whatever it was: a machine that moves on must be followed
            catch (Exception)
#pragma warning restore CA1031
            {
                Interlocked.Increment(ref _faultCount);
            }

            // Everything is told anew: nobody knows how far it came.
            await Task.Delay(s_pauses[Math.Min(faults, s_pauses.Length - 1)], _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync()
    {
        List<LocalAddress> addresses = [];
        List<IpAddress> gateways = [];
        for (bool isFirst = true; ;)
        {
            var (currentAddresses, currentGateways) = HostInterfaces.Read(Summarise);
            if (isFirst || !currentAddresses.SequenceEqual(addresses) || !currentGateways.SequenceEqual(gateways))
            {
                (addresses, gateways, isFirst) = (currentAddresses, currentGateways, false);
                await _changed(addresses);
            }

            if (await _signal.WaitAsync(LongestWait, _stop.Token))
                await Task.Delay(Settling, _stop.Token);
        }
    }

    private (List<LocalAddress> Addresses, List<IpAddress> Gateways) Summarise(NetworkInterface[] interfaces)
    {
        List<LocalAddress> addresses = [];
        List<IpAddress> gateways = [];
        foreach (var network in interfaces)
        {
            if (network.Name == _except || network.NetworkInterfaceType == NetworkInterfaceType.Loopback || network.OperationalStatus == OperationalStatus.Down)
                continue;
            var properties = network.GetIPProperties();
            // Every bridge and container brings a link-local one, by which nobody is reached.
            addresses.AddRange(properties.UnicastAddresses.Where(unicast => !unicast.Address.IsIPv6LinkLocal)
                .Select(unicast => new LocalAddress(IpAddress.From(unicast.Address), unicast.PrefixLength)));
            gateways.AddRange(properties.GatewayAddresses.Select(gateway => IpAddress.From(gateway.Address)));
        }

        addresses = [.. addresses.Distinct().OrderBy(address => address.Address).Take(MaximumCount)];
        gateways.Sort();
        return (addresses, gateways);
    }
}
