using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;

namespace Keyhole.Control;

/// <summary>
/// The other servers on the same database. Each tells the others which agents are connected to it and what they have confirmed,
/// so that any of them can say whether a change is enforced everywhere. Nothing of it is stored: who is silent for
/// <see cref="Silence"/> is gone, and its agents with it until they turn up elsewhere.
/// </summary>
internal sealed class Siblings : IAsyncDisposable
{
    public const string Channel = "servers";

    /// <summary>PostgreSQL carries less than 8000 bytes in one notification.</summary>
    private const int MaximumLength = 7000;

    private const int MaximumPathLength = 1500;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(4);

    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Channel<bool> _wakeUps = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _lock = new();
    private readonly Dictionary<(int Organisation, Agent Agent), SiblingAgent> _news = [];
    private readonly Dictionary<string, long> _heardAt = [];

    /// <summary>By server: what it has told since it began to tell of all.</summary>
    private readonly Dictionary<string, HashSet<(int Organisation, Agent Agent)>> _counts = [];
    private bool _asks = true;
    private bool _tellsAll;
    private Task _talking = Task.CompletedTask;

    public Siblings(Database database, TimeProvider time, ILogger log)
    {
        _database = database;
        _time = time;
        _log = log;
    }

    /// <summary>This process, among the others.</summary>
    public string Server { get; } = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>Everything that this server would tell somebody who knows nothing yet.</summary>
    public Func<IEnumerable<SiblingAgent>> All { get; set; } = static () => [];

    /// <summary>Another server told about an agent. Raised one after the other.</summary>
    public event Action<string, SiblingAgent>? Told;

    /// <summary>Another server has these agents and no others: it told of all, or it stopped or fell silent and has none.</summary>
    public event Action<string, IReadOnlySet<(int Organisation, Agent Agent)>>? Counted;

    /// <summary>How many others there are now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _heardAt.Count;
        }
    }

    /// <summary>Begins to talk and to listen; not at all on a database that nobody else can use.</summary>
    public void Start()
    {
        if (!_database.IsShared)
            return;
        _database.Notified += OnNotified;
        _talking = TalkAsync();
    }

    /// <summary>Passes on what is new about an agent. Returns at once; of several news about one agent the last counts.</summary>
    public void Tell(SiblingAgent agent)
    {
        if (!_database.IsShared)
            return;
        lock (_lock)
            _news[(agent.Organisation, agent.Agent)] = agent;
        _wakeUps.Writer.TryWrite(true);
    }

    public async ValueTask DisposeAsync()
    {
        _database.Notified -= OnNotified;
        await _stopped.CancelAsync();
        await _talking;
        _stopped.Dispose();
    }

    private async Task TalkAsync()
    {
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                foreach (var message in Take())
                    await SendAsync(message, _stopped.Token);
                DropSilent();
                using var beat = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token);
                await Task.WhenAny(_wakeUps.Reader.ReadAsync(beat.Token).AsTask(), Task.Delay(Beat, _time, beat.Token));
                await beat.CancelAsync();
            }
            catch (OperatorException)
            {
                // The database is away: when it is back, everybody has to be told everything.
                ForgetWhatWasSaid();
                DropSilent();
                await Task.Delay(Beat, _time, _stopped.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
            }
        }

        await LeaveAsync();
    }

    private async Task LeaveAsync()
    {
        using var patience = new CancellationTokenSource(Beat);
        try
        {
            await SendAsync(new SiblingMessage(Server, Asks: false, Leaves: true, Begins: false, Ends: false, []), patience.Token);
        }
        catch (Exception error) when (error is OperatorException or OperationCanceledException)
        {
            // The others will notice the silence.
        }
    }

    private Task SendAsync(SiblingMessage message, CancellationToken cancelled) =>
        _database.NotifyAsync(Channel, JsonSerializer.Serialize(message, SiblingJson.Default.SiblingMessage), cancelled);

    /// <summary>What there is to tell, in messages that are short enough; one without news where there is none.</summary>
    private List<SiblingMessage> Take()
    {
        bool asks, all;
        List<SiblingAgent> agents;
        lock (_lock)
        {
            (asks, all) = (_asks, _tellsAll);
            (_asks, _tellsAll) = (false, false);
            agents = all ? [.. All().Concat(_news.Values.Where(news => !news.Connected))] : [.. _news.Values];
            _news.Clear();
        }

        var messages = new List<SiblingMessage>();
        var part = new List<SiblingAgent>();
        int length = 0;
        foreach (var agent in agents)
        {
            var told = LengthOf(agent) > MaximumPathLength ? agent with { Path = null } : agent;
            int more = LengthOf(told) + 1;
            if (part.Count != 0 && length + more > MaximumLength)
            {
                messages.Add(new SiblingMessage(Server, asks, Leaves: false, Begins: all && messages.Count == 0, Ends: false, [.. part]));
                (asks, length) = (false, 0);
                part.Clear();
            }

            part.Add(told);
            length += more;
        }

        messages.Add(new SiblingMessage(Server, asks, Leaves: false, Begins: all && messages.Count == 0, Ends: all, part));
        return messages;
    }

    /// <summary>What was said may not have been heard, and what others said may have been missed: all of it is told and asked anew.</summary>
    private void ForgetWhatWasSaid()
    {
        lock (_lock)
            (_asks, _tellsAll) = (true, true);
    }

    private static int LengthOf(SiblingAgent agent) => JsonSerializer.SerializeToUtf8Bytes(agent, SiblingJson.Default.SiblingAgent).Length;

    private void OnNotified(string channel, string payload)
    {
        if (channel == Database.GapChannel)
        {
            ForgetWhatWasSaid();
            _wakeUps.Writer.TryWrite(true);
        }

        if (channel != Channel || Parse(payload) is not { } message || message.Server == Server)
            return;
        if (message.Leaves)
        {
            Drop(message.Server);
            return;
        }

        bool stranger;
        HashSet<(int Organisation, Agent Agent)>? counted = null;
        lock (_lock)
        {
            stranger = !_heardAt.ContainsKey(message.Server);
            _heardAt[message.Server] = _time.GetTimestamp();
            _asks |= stranger && !message.Asks;
            _tellsAll |= message.Asks;
            if (message.Begins)
                _counts[message.Server] = [];
            if (_counts.TryGetValue(message.Server, out var count))
                count.UnionWith(message.Agents.Where(agent => agent.Connected).Select(agent => (agent.Organisation, agent.Agent)));
            if (message.Ends)
                _counts.Remove(message.Server, out counted);
        }

        if (stranger)
            _log.SiblingFound(message.Server);
        if (stranger || message.Asks)
            _wakeUps.Writer.TryWrite(true);
        foreach (var agent in message.Agents)
            Told?.Invoke(message.Server, agent);
        if (counted is not null)
            Counted?.Invoke(message.Server, counted);
    }

    private static SiblingMessage? Parse(string payload)
    {
        try
        {
            return JsonSerializer.Deserialize(payload, SiblingJson.Default.SiblingMessage) is { Server.Length: > 0, Agents: not null } message ? message : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void DropSilent()
    {
        List<string> silent;
        lock (_lock)
            silent = [.. _heardAt.Where(entry => _time.GetElapsedTime(entry.Value) > Silence).Select(entry => entry.Key)];
        silent.ForEach(Drop);
    }

    private void Drop(string server)
    {
        bool known;
        lock (_lock)
        {
            known = _heardAt.Remove(server);
            _counts.Remove(server);
        }

        if (!known)
            return;
        _log.SiblingGone(server);
        Counted?.Invoke(server, new HashSet<(int, Agent)>());
    }
}
