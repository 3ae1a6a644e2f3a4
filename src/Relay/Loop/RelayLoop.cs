using System.Threading.Channels;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>
/// Where the calculation meets the sockets: one data thread per socket, all on one port, and one <see cref="RelayState"/> between them. The kernel keeps
/// the datagrams of one source on one socket, so that their order holds. Other threads ask and apply under the state's lock, and send by themselves.
/// </summary>
internal sealed class RelayLoop : IDisposable
{
    /// <summary>Messages and bytes that an asking thread sends at once.</summary>
    private const int AskedMessageCount = 128;
    private const int AskedLength = 128 << 10;

    private readonly DataThread[] _threads;
    private readonly SharedState _shared = new();
    private readonly IDatagramSender _asideSender;
    private readonly Outbox _aside;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="threadCount">Data threads; more than one need a system that spreads sources over sockets (SO_REUSEPORT).</param>
    /// <exception cref="NetworkException">The address is in use or not ours.</exception>
    public RelayLoop(DatagramSocketOptions options, int threadCount)
    {
        var sockets = Open(options, threadCount);
        _threads = [.. sockets.Select((socket, index) => new DataThread(socket, _shared, ticks: index == 0, index))];
        _asideSender = sockets[0].OpenSender();
        _aside = new Outbox(_asideSender, new SendBatch(AskedMessageCount, AskedLength), _shared.Locals, _shared.Streams);
    }

    public IpEndpoint Local => _threads[0].Socket.Local;

    public DatagramCapabilities Capabilities => _threads[0].Socket.Capabilities;

    public IReadOnlyList<DataThread> Threads => _threads;

    /// <summary>The TLS connections among the addresses.</summary>
    public StreamTable Streams => _shared.Streams;

    /// <summary>Where the state's own datagrams go.</summary>
    public WireGuard.IDatagramOutput Output => _shared;

    /// <summary>What the state reported, for the log.</summary>
    public ChannelReader<RelayEvent> Events => _shared.Events;

    /// <summary>Names that are to be asked elsewhere; each is given back by <see cref="RelayState.Answer"/>.</summary>
    public ChannelReader<NameQuery> Queries => _shared.Queries;

    /// <summary>Completes when a thread ended: after <see cref="Dispose"/>, or with what broke it.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins; from here on the state is reached by <see cref="Ask"/> only.</summary>
    public void Start(RelayState state)
    {
        _shared.Open(state);
        foreach (var thread in _threads)
        {
            thread.Ended.ContinueWith(End, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            thread.Start(new RelayForwarder(state.Forwarding));
        }
    }

    /// <summary>For what comes by TLS: routed beside the data threads. Disposed of by the caller, before this.</summary>
    public StreamRouter OpenStreamRouter(RelayState state) => new(_threads[0].Socket.OpenSender(), _shared, new RelayForwarder(state.Forwarding));

    /// <summary>Runs a function of the state, and whatever it makes due, on the caller's thread. Keep it short: handshakes wait meanwhile, blind data does not.</summary>
    /// <exception cref="ObjectDisposedException">The relay has ended.</exception>
    public T Ask<T>(Func<RelayState, T> question)
    {
        var state = _shared.EnterLast(_aside);
        try
        {
            var answer = question(state);
            long now = MonotonicClock.Now;
            if (now >= state.NextDeadline)
                state.Tick(now);
            _aside.Flush();
            return answer;
        }
        finally
        {
            _shared.Exit();
        }
    }

    public void Dispose()
    {
        _shared.Close();
        foreach (var thread in _threads)
            thread.Stop();
        _aside.Dispose();
        _asideSender.Dispose();
        foreach (var thread in _threads)
            thread.Dispose();
        _ended.TrySetResult();
    }

    /// <summary>A thread that broke takes the others along: half a relay would be worse than one that is started anew.</summary>
    private void End(Task thread)
    {
        if (thread.Exception is { } broken)
            _ended.TrySetException(broken.InnerExceptions);
        else
            _ended.TrySetResult();
        foreach (var other in _threads)
            other.Stop();
        _shared.Close();
    }

    private static IDatagramSocket[] Open(DatagramSocketOptions options, int count)
    {
        if (count == 1)
            return [DatagramSockets.Open(options)];

        // Sockets that share a port would share it with those of another program of this user too.
        if (options.Local.Port != 0)
            DatagramSockets.Open(options).Dispose();
        var sockets = new List<IDatagramSocket>(count);
        try
        {
            for (int i = 0; i < count; i++)
                sockets.Add(DatagramSockets.Open(options with { ReusePort = true, Local = i == 0 ? options.Local : sockets[0].Local }));
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }

        return [.. sockets];
    }
}
