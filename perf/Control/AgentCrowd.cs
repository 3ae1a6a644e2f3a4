using System.Diagnostics;
using System.Net;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Perf;

/// <summary>Many agents on one server, who follow their tables and note when each one came. One thread serves them all.</summary>
internal sealed class AgentCrowd : IDisposable
{
    private const int ConnectingAtOnce = 8;

    /// <summary>A change has reached everybody whom it concerns when nothing came for this long.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly EventLoop _loop = EventLoop.Open();
    private readonly Thread _thread;
    private readonly IpEndpoint _server;
    private (long Revision, byte[] Frame) _ack;
    private volatile Exception? _fault;
    private volatile bool _stopped;

    private AgentCrowd(Uri server, IReadOnlyList<CrowdAgent> agents)
    {
        _server = new IpEndpoint(IpAddress.From(IPAddress.Parse(server.Host)), (ushort)server.Port);
        Agents = agents;
        _thread = new Thread(Run) { Name = "crowd" };
        _thread.Start();
    }

    internal IReadOnlyList<CrowdAgent> Agents { get; }

    internal static async Task<AgentCrowd> ConnectAsync(Uri server, IReadOnlyList<(AgentKind Kind, string Name)> names, IReadOnlyList<(string Id, string Secret)> credentials)
    {
        var crowd = new AgentCrowd(server, [.. names.Select((entry, index) => new CrowdAgent(entry.Kind, credentials[index]))]);
        await Parallel.ForEachAsync(crowd.Agents, new ParallelOptions { MaxDegreeOfParallelism = ConnectingAtOnce }, async (agent, _) =>
        {
            await agent.ConnectAsync(crowd).WaitAsync(Patience, CancellationToken.None);
        });
        await Task.Delay(Quiet);
        crowd.Check();
        return crowd;
    }

    /// <summary>Makes a change and waits until it has reached those whom it concerns.</summary>
    /// <param name="change">Runs on the thread of the crowd.</param>
    /// <returns>Milliseconds from the change to each agent that was told.</returns>
    /// <exception cref="TimeoutException">Nobody was told.</exception>
    internal async Task<List<double>> FollowAsync(Action change)
    {
        long start = Stopwatch.GetTimestamp();
        Post(change);
        int count;
        do
        {
            count = Agents.Count(agent => agent.ToldAt > start);
            await Task.Delay(Quiet);
            if (_fault is { } fault)
                throw new InvalidOperationException("An agent gave up.", fault);
            if (count == 0 && Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"no agent was told of a change within {Patience.TotalSeconds:F0} s: {Agents.Count(agent => !agent.IsConnected)} of {Agents.Count} have lost their connection");
        }
        while (count == 0 || count != Agents.Count(agent => agent.ToldAt > start));
        return [.. Agents.Where(agent => agent.ToldAt > start).Select(agent => Stopwatch.GetElapsedTime(start, agent.ToldAt).TotalMilliseconds)];
    }

    /// <summary>Reads everything that was sent since the last time.</summary>
    /// <exception cref="InvalidOperationException">The server broke the contract.</exception>
    internal void Check()
    {
        foreach (var agent in Agents)
            agent.Check();
    }

    internal void Post(Action action) => _loop.Post(action);

    /// <summary>On the thread of the crowd, as everything below.</summary>
    internal NonBlockingSocket Connect(CrowdAgent agent)
    {
        if (!_loop.TryConnectTcp(_server, out var socket, out var fault))
            throw new InvalidOperationException($"The server cannot be reached: {fault}");
        _loop.Add(socket, Readiness.Write, agent);
        return socket;
    }

    internal void Listen(NonBlockingSocket socket) => _loop.SetInterest(socket, Readiness.Read);

    internal void Leave(NonBlockingSocket socket) => _loop.Remove(socket);

    /// <summary>The frame that confirms a revision: the same for all.</summary>
    internal byte[] AckOf(long revision)
    {
        if (_ack.Revision != revision)
            _ack = (revision, CrowdFrames.Make(new AckMessage(revision, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), 0)));
        return _ack.Frame;
    }

    public void Dispose()
    {
        _stopped = true;
        _loop.Wake();
        _thread.Join();
        foreach (var agent in Agents)
            agent.Dispose();
        _loop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stopped)
                _loop.RunOnce(long.MaxValue);
        }
        catch (Exception fault)
        {
            _fault = fault;
        }
    }
}
