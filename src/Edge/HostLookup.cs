using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>
/// The addresses of hosts by their names, asked for again and again while others go on: nobody waits for a name server. What was once known holds until the
/// name has other addresses. From any thread.
/// </summary>
public sealed class HostLookup : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>After a name without an address; twice as long after each further one, up to <see cref="Interval"/>.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly Func<Task> _changed;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _ask;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Host> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Task> _running = [];
    private TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _faultCount;

    /// <param name="changed">Called whenever a host has other addresses than before; by several names at once, perhaps.</param>
    public HostLookup(Func<Task> changed) : this(changed, AskAsync)
    {
    }

    /// <param name="ask">As <see cref="AskAsync"/> does.</param>
    public HostLookup(Func<Task> changed, Func<string, CancellationToken, Task<IPAddress[]>> ask)
    {
        ArgumentNullException.ThrowIfNull(changed);
        ArgumentNullException.ThrowIfNull(ask);
        _changed = changed;
        _ask = ask;
    }

    /// <summary>How often whoever was told failed.</summary>
    public long FaultCount => Interlocked.Read(ref _faultCount);

    /// <summary>
    /// Asks this host's resolver once. The system's own call hears no cancellation: it goes on by itself, and its answer is dropped. It has a thread of its own: it
    /// may wait for a name server of this very process, which needs one of the pool.
    /// </summary>
    /// <exception cref="SocketException">There is no such name, or no answer.</exception>
    public static Task<IPAddress[]> AskAsync(string host, CancellationToken stop) =>
        IPAddress.TryParse(host, out var literal) ? Task.FromResult<IPAddress[]>([literal])
            : Task.Factory.StartNew(() => Dns.GetHostAddresses(host), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(stop);

    /// <summary>What is known of a host now, best first; nothing for one that is not followed.</summary>
    public IReadOnlyList<IpAddress> Of(string host)
    {
        lock (_lock)
            return _hosts.TryGetValue(host, out var known) ? known.Addresses : [];
    }

    /// <summary>Follows these hosts, names or addresses, and no others.</summary>
    public void Follow(IEnumerable<string> hosts)
    {
        var wanted = hosts.ToHashSet(StringComparer.OrdinalIgnoreCase);
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
                return;
            _running.RemoveAll(task => task.IsCompleted);
            foreach (string name in _hosts.Keys.Where(name => !wanted.Contains(name)).ToList())
            {
                _hosts.Remove(name, out var gone);
                gone!.Over.Cancel();
            }

            foreach (string name in wanted.Where(name => !_hosts.ContainsKey(name)))
            {
                var host = new Host(name, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token));
                _hosts.Add(name, host);
                if (IpAddress.TryParse(name, out var literal))
                    host.Addresses = [literal];
                else
                    _running.Add(Task.Run(() => FollowAsync(host)));
            }
        }
    }

    /// <summary>The network has changed: all are asked for at once.</summary>
    public void Restart() =>
        Interlocked.Exchange(ref _again, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Waits for whoever is being told, and for no name server.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _stop.Cancel();
            running = [.. _running];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowAsync(Host host)
    {
        using var over = host.Over;
        var pause = FirstPause;
        while (!over.IsCancellationRequested)
        {
            var again = Volatile.Read(ref _again).Task;
            var addresses = await ResolveAsync(host.Name, over.Token);
            if (addresses.Count > 0 && !addresses.ToHashSet().SetEquals(host.Addresses))
            {
                host.Addresses = addresses;
                await TellAsync();
            }

            var wait = addresses.Count > 0 ? Interval : pause;
            pause = addresses.Count > 0 || again.IsCompleted ? FirstPause : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, Interval.Ticks));
            await again.WaitAsync(wait, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Nothing for a name that has no address now.</summary>
    private async Task<IReadOnlyList<IpAddress>> ResolveAsync(string name, CancellationToken stop)
    {
        try
        {
            return [.. (await _ask(name, stop).WaitAsync(stop)).Select(IpAddress.From).Distinct()];
        }
        catch (Exception e) when (e is SocketException or ArgumentException or OperationCanceledException)
        {
            return [];
        }
    }

    private async Task TellAsync()
    {
        try
        {
            await _changed();
        }
#pragma warning disable CA1031 // whatever it was, the next change must be told
        catch (Exception)
#pragma warning restore CA1031
        {
            Interlocked.Increment(ref _faultCount);
        }
    }

    private sealed class Host(string name, CancellationTokenSource over)
    {
        private volatile IReadOnlyList<IpAddress> _addresses = [];

        public string Name { get; } = name;

        public CancellationTokenSource Over { get; } = over;

        public IReadOnlyList<IpAddress> Addresses
        {
            get => _addresses;
            set => _addresses = value;
        }
    }
}
