namespace Keyhole.Tunnel;

/// <summary>
/// What the writer of a <see cref="ForwardingTable"/> must know of its entries: by age, by client and by connector, the oldest first. Sessions stay at their
/// places while they live. Memory grows by chunks; nothing is ever copied.
/// </summary>
internal sealed class PairSessions
{
    private const int ChunkBits = 10;

    private readonly PairSession[]?[] _chunks;
    private readonly int[] _firstOfClient;
    private readonly int[] _lastOfClient;
    private readonly int[] _countOfClient;
    private readonly int[] _firstOfConnector;
    private readonly int[] _lastOfConnector;
    private int _first;
    private int _last;
    private int _free;
    private int _end = 1;

    public PairSessions(int maximumAgents, int capacity)
    {
        Capacity = capacity;
        _chunks = new PairSession[]?[(capacity >> ChunkBits) + 1];
        _firstOfClient = new int[maximumAgents];
        _lastOfClient = new int[maximumAgents];
        _countOfClient = new int[maximumAgents];
        _firstOfConnector = new int[maximumAgents];
        _lastOfConnector = new int[maximumAgents];
    }

    public int Capacity { get; }

    public int Count { get; private set; }

    /// <summary>The one that ends first; 0 for none.</summary>
    public int First => _first;

    public ref PairSession this[int place] => ref _chunks[place >> ChunkBits]![place & ((1 << ChunkBits) - 1)];

    public int CountOfClient(int client) => _countOfClient[client];

    public int FirstOfClient(int client) => _firstOfClient[client];

    public int FirstOfConnector(int connector) => _firstOfConnector[connector];

    /// <summary>Takes a session in that ends after all others.</summary>
    public int Add(in EntryRecord entry)
    {
        int place = TakePlace();
        Put(place, entry);
        return place;
    }

    /// <summary>Takes a session in at a place, from 1 to the capacity, that nobody has taken. Only before the first <see cref="Add"/>.</summary>
    public void AddAt(int place, in EntryRecord entry)
    {
        _chunks[place >> ChunkBits] ??= new PairSession[1 << ChunkBits];
        _end = Math.Max(_end, place + 1);
        Put(place, entry);
    }

    /// <summary>After the last <see cref="AddAt"/>: the places between the taken ones are free.</summary>
    public void FreeTheRest()
    {
        for (int place = _end - 1; place > 0; place--)
        {
            _chunks[place >> ChunkBits] ??= new PairSession[1 << ChunkBits];
            if (this[place].Deadline != 0)
                continue;
            this[place].Next = _free;
            _free = place;
        }
    }

    public void Remove(int place)
    {
        ref var session = ref this[place];
        (session.Previous == 0 ? ref _first : ref this[session.Previous].Next) = session.Next;
        (session.Next == 0 ? ref _last : ref this[session.Next].Previous) = session.Previous;
        (session.PreviousOfClient == 0 ? ref _firstOfClient[session.Client] : ref this[session.PreviousOfClient].NextOfClient) = session.NextOfClient;
        (session.NextOfClient == 0 ? ref _lastOfClient[session.Client] : ref this[session.NextOfClient].PreviousOfClient) = session.PreviousOfClient;
        (session.PreviousOfConnector == 0 ? ref _firstOfConnector[session.Connector] : ref this[session.PreviousOfConnector].NextOfConnector) =
            session.NextOfConnector;
        (session.NextOfConnector == 0 ? ref _lastOfConnector[session.Connector] : ref this[session.NextOfConnector].PreviousOfConnector) =
            session.PreviousOfConnector;
        _countOfClient[session.Client]--;
        Count--;
        session = new PairSession { Next = _free };
        _free = place;
    }

    private void Put(int place, in EntryRecord entry)
    {
        var (client, connector) = (entry.ClientSlot, entry.ConnectorSlot);
        this[place] = new PairSession
        {
            Client = client,
            Connector = connector,
            ClientIndex = entry.ClientIndex,
            ConnectorIndex = entry.ConnectorIndex,
            Deadline = entry.Deadline,
            Previous = _last,
            PreviousOfClient = _lastOfClient[client],
            PreviousOfConnector = _lastOfConnector[connector],
        };
        (_last == 0 ? ref _first : ref this[_last].Next) = place;
        (_lastOfClient[client] == 0 ? ref _firstOfClient[client] : ref this[_lastOfClient[client]].NextOfClient) = place;
        (_lastOfConnector[connector] == 0 ? ref _firstOfConnector[connector] : ref this[_lastOfConnector[connector]].NextOfConnector) = place;
        _last = _lastOfClient[client] = _lastOfConnector[connector] = place;
        _countOfClient[client]++;
        Count++;
    }

    private int TakePlace()
    {
        if (_free == 0)
        {
            _chunks[_end >> ChunkBits] ??= new PairSession[1 << ChunkBits];
            return _end++;
        }

        int taken = _free;
        _free = this[taken].Next;
        return taken;
    }
}
