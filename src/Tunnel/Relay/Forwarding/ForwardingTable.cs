using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// What the relay forwards without looking inside (docs/protocol.md, rules 1 and 9): address → agent slot, slot → current address, and (slot, receiver index)
/// → slot. One writer at a time, any number of readers on other threads, which take no lock, wait for nobody and never see half a change.
/// <code>
/// datagram from S with index R    AddressIndex: S → slot A    EntryIndex: (A, R) → slot B, deadline    SlotAddresses: B → address
/// </code>
/// A move of an agent changes one slot and no entry.
/// </summary>
public sealed class ForwardingTable
{
    /// <summary>How long an entry lives, whatever it carries: REJECT_AFTER_TIME and a margin. Microseconds.</summary>
    public const long EntryLifetime = 190_000_000;

    /// <summary>Sessions of one client with one connector; two entries each.</summary>
    public const int SessionsPerPair = 6;

    /// <summary>Sessions of one client with all connectors, while the table is far from full.</summary>
    public const int SessionsPerClient = 1024;

    /// <summary>A client has at most this part of what is free for itself, so that many of them leave something to the others.</summary>
    private const int FreeParts = 16;

    private const int ExpiriesPerCall = 256;

    // Any thread reads, the writer writes.
    private readonly AddressIndex _addresses;
    private readonly EntryIndex _entries;
    private readonly SlotAddresses _slots;
    private int _version;

    // The writer only.
    private readonly PairSessions _sessions;

    /// <param name="maximumAgents">Slots are 0 to this, exclusive.</param>
    /// <param name="maximumEntries">Two for each session.</param>
    /// <param name="hashKey">Unknown to agents, whose indices decide about buckets.</param>
    public ForwardingTable(int maximumAgents, int maximumEntries, ulong hashKey = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumAgents);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumAgents, EntryWord.MaximumSlots);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumEntries, 2);
        MaximumAgents = maximumAgents;
        _addresses = new AddressIndex(hashKey);
        _slots = new SlotAddresses(maximumAgents);
        _entries = new EntryIndex(maximumEntries, hashKey);
        _sessions = new PairSessions(maximumAgents, maximumEntries / 2);
    }

    public int MaximumAgents { get; }

    /// <summary>Where sessions are written as they come and go; null for nowhere. The record of the session at place 1 is the first.</summary>
    internal IRelayJournal? Journal { get; init; }

    /// <summary>Counts what the writer changed: as long as it stays the same, answers do.</summary>
    internal int Version => Volatile.Read(ref _version);

    /// <summary>Entries, two for each session.</summary>
    public int Count => 2 * _sessions.Count;

    /// <summary>When <see cref="Expire"/> has something to do; <see cref="long.MaxValue"/> for never.</summary>
    public long NextExpiry => _sessions.First == 0 ? long.MaxValue : _sessions[_sessions.First].Deadline;

    /// <summary>The agent that has confirmed an address. From any thread.</summary>
    /// <param name="slot">-1 when there is none.</param>
    public bool TryFindAgent(in IpEndpoint source, out int slot) => _addresses.TryFind(source, out slot);

    /// <summary>The confirmed address of an agent. From any thread.</summary>
    public bool TryGetAddress(int slot, out IpEndpoint address) => _slots.TryGet(slot, out address);

    /// <summary>
    /// Where transport data goes on to: there is a live entry, and the addresses on both sides are confirmed. Marks the entry as used. From any thread.
    /// </summary>
    /// <param name="receiverIndex">As in the datagram.</param>
    /// <param name="from">The sender's slot; -1 when nobody has confirmed its address.</param>
    /// <param name="to">The receiver's slot; -1 when there is no live entry.</param>
    public bool TryRoute(in IpEndpoint source, uint receiverIndex, long now, out int from, out int to, out IpEndpoint destination)
    {
        destination = default;
        to = _addresses.TryFind(source, out from) ? FindEntry(from, receiverIndex, _entries.Hash(from, receiverIndex), now) : -1;
        return to >= 0 && _slots.TryGet(to, out destination);
    }

    /// <summary>
    /// As <see cref="TryRoute(in IpEndpoint, uint, long, out int, out int, out IpEndpoint)"/>, for many at once: each step is made for all before the next one,
    /// and what that will read is called for meanwhile, so that they wait for memory together. From any thread.
    /// </summary>
    /// <returns>The <see cref="Version"/> before the first step.</returns>
    internal int Route(Span<RouteQuery> queries, long now)
    {
        int version = Version;
        if (queries.Length == 1)
        {
            ref var query = ref queries[0];
            query.IsRouted = TryRoute(query.Source, query.ReceiverIndex, now, out query.From, out query.To, out query.Destination);
            return version;
        }

        foreach (ref var query in queries)
        {
            query.Hash = _addresses.Hash(query.Source);
            query.Place = _addresses.Place(query.Hash);
        }

        // The loops that call for memory are short, so that the processor has as many of them under way as it can.
        foreach (ref var query in queries)
            query.Near = _addresses.Touch(query.Hash, query.Place);
        foreach (ref var query in queries)
        {
            _addresses.TryFind(query.Source, query.Hash, out query.From);
            query.Hash = _entries.Hash(query.From, query.ReceiverIndex);
            query.Place = _entries.Place(query.Hash);
        }

        foreach (ref var query in queries)
            query.Near = _entries.Touch(query.Hash, query.Place);
        foreach (ref var query in queries)
        {
            // Nobody's key may be that of a bucket which is being filled.
            query.To = query.From < 0 ? -1 : FindEntry(query.From, query.ReceiverIndex, query.Hash, now);
            query.Place = _slots.Place(Math.Max(query.To, 0));
        }

        foreach (ref var query in queries)
            query.Near = _slots.Touch(query.Place);
        foreach (ref var query in queries)
        {
            query.Destination = default;
            query.IsRouted = query.To >= 0 && _slots.TryGet(query.To, out query.Destination);
        }

        return version;
    }

    /// <summary>Whether an agent may send data with this receiver index, and to whom. From any thread.</summary>
    public bool IsEntry(int slot, uint receiverIndex, long now, out int to)
    {
        ulong word = _entries.Find(slot, receiverIndex);
        bool isLive = word != 0 && EntryWord.Deadline(word) > now;
        to = isLive ? EntryWord.Slot(word) : -1;
        return isLive;
    }

    /// <summary>Gives an agent the address that it has confirmed, or null for none. Whoever had the address has none from then on.</summary>
    /// <returns>The slot that lost the address; -1 for nobody.</returns>
    public int SetAddress(int slot, in IpEndpoint? address)
    {
        int displaced = -1;
        bool hadAddress = _slots.TryGet(slot, out var old);
        if (hadAddress ? old == address : address is null)
            return displaced;
        if (address is { } confirmed)
        {
            if (_addresses.TryFind(confirmed, out displaced))
                _slots.Set(displaced, null);
            _addresses.Set(confirmed, slot);
        }

        _slots.Set(slot, address);
        if (hadAddress)
            _addresses.Remove(old);
        Changed();
        return displaced;
    }

    /// <summary>
    /// Enters a session in both directions. A pair that has six gives one up, a client that has its share likewise, but only one that it never used: the oldest
    /// that never carried anything, else the oldest.
    /// </summary>
    /// <param name="client">The slot of the client, whoever of the two began the handshake.</param>
    /// <param name="clientIndex">Which the client chose: it stands in the connector's datagrams.</param>
    /// <param name="connectorIndex">Which the connector chose: it stands in the client's datagrams.</param>
    public EntryResult AddPair(int client, int connector, uint clientIndex, uint connectorIndex, long now)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(client, connector);
        bool isOut = IsEntry(client, connectorIndex, now, out int behindConnectorIndex);
        bool isBack = IsEntry(connector, clientIndex, now, out int behindClientIndex);
        if ((isOut && behindConnectorIndex != connector) || (isBack && behindClientIndex != client))
            return EntryResult.OwnedByOther;
        if (isOut && isBack && Holds(client, connector, clientIndex, connectorIndex))
            return EntryResult.Known;
        RemoveOverlaps(client, connector, clientIndex, connectorIndex);
        MarkSharers(client, connector, clientIndex, connectorIndex);
        if (!MakeRoomInPair(client, connector) && !MakeRoomForClient(client))
            return EntryResult.AgentFull;
        if (_sessions.Count >= _sessions.Capacity)
            return EntryResult.TableFull;
        var entry = new EntryRecord(client, connector, clientIndex, connectorIndex, now + EntryLifetime);
        int place = _sessions.Add(entry);
        _sessions[place].SharesIndex = Enter(entry, isUsed: false);
        if (Journal is { } journal)
        {
            Span<byte> record = stackalloc byte[EntryRecord.Length];
            entry.Write(record);
            journal.WriteEntry(place - 1, record);
        }

        return EntryResult.Added;
    }

    /// <summary>
    /// Takes sessions in at the places that they had before a restart. Comes before everything else; the sessions stand in the order of their deadlines, and no two
    /// have a place. They count as used, so that fresh ones do not push them out.
    /// </summary>
    /// <param name="refused">Called with the index of the record of each that contradicts another one.</param>
    internal void Restore(IReadOnlyList<(int Index, EntryRecord Entry)> entries, long now, Action<int> refused)
    {
        foreach (var (index, entry) in entries)
        {
            if ((IsEntry(entry.ClientSlot, entry.ConnectorIndex, now, out int to) && to != entry.ConnectorSlot)
                || (IsEntry(entry.ConnectorSlot, entry.ClientIndex, now, out to) && to != entry.ClientSlot)
                || Holds(entry.ClientSlot, entry.ConnectorSlot, entry.ClientIndex, entry.ConnectorIndex))
            {
                refused(index);
                continue;
            }

            MarkSharers(entry.ClientSlot, entry.ConnectorSlot, entry.ClientIndex, entry.ConnectorIndex);
            _sessions.AddAt(index + 1, entry);
            _sessions[index + 1].SharesIndex = Enter(entry, isUsed: true);
        }

        _sessions.FreeTheRest();
    }

    /// <summary>Whether a client or connector has a session. Those that ended count until <see cref="Expire"/>.</summary>
    public bool HasPairs(int slot) => _sessions.FirstOfClient(slot) != 0 || _sessions.FirstOfConnector(slot) != 0;

    /// <summary>Takes out one session of an agent, on whichever side it is; false when it has none.</summary>
    public bool TryRemoveAny(int slot)
    {
        int place = _sessions.FirstOfClient(slot) is var first and not 0 ? first : _sessions.FirstOfConnector(slot);
        if (place != 0)
            Remove(place);
        return place != 0;
    }

    /// <summary>Takes out the oldest session of a connector, if it was made before an instant or at it; false when there is none.</summary>
    public bool TryRemoveOldest(int connector, long until, out int client)
    {
        client = -1;
        int place = _sessions.FirstOfConnector(connector);
        if (place == 0 || _sessions[place].Deadline - EntryLifetime > until)
            return false;
        client = _sessions[place].Client;
        Remove(place);
        return true;
    }

    /// <summary>Whether a client has a session with a connector. Those that ended count until <see cref="Expire"/>.</summary>
    public bool HasPair(int client, int connector)
    {
        for (int place = _sessions.FirstOfClient(client); place != 0; place = _sessions[place].NextOfClient)
        {
            if (_sessions[place].Connector == connector)
                return true;
        }

        return false;
    }

    /// <summary>Takes out all sessions of a client with a connector.</summary>
    public void RemovePairs(int client, int connector)
    {
        for (int place = _sessions.FirstOfClient(client), next; place != 0; place = next)
        {
            next = _sessions[place].NextOfClient;
            if (_sessions[place].Connector == connector)
                Remove(place);
        }
    }

    /// <summary>Takes out what has ended, a bounded part of it per call: <see cref="NextExpiry"/> says whether there is more.</summary>
    public void Expire(long now)
    {
        for (int i = 0; i < ExpiriesPerCall && NextExpiry <= now; i++)
            Remove(_sessions.First);
    }

    /// <summary>True when another session of the pair has one of the entries too.</summary>
    private bool Enter(in EntryRecord entry, bool isUsed)
    {
        ulong sharedOut = _entries.Find(entry.ClientSlot, entry.ConnectorIndex);
        ulong sharedBack = _entries.Find(entry.ConnectorSlot, entry.ClientIndex);
        _entries.Set(entry.ClientSlot, entry.ConnectorIndex, EntryWord.Of(entry.ConnectorSlot, entry.Deadline, isUsed || (sharedOut & EntryWord.Used) != 0));
        _entries.Set(entry.ConnectorSlot, entry.ClientIndex, EntryWord.Of(entry.ClientSlot, entry.Deadline, isUsed || (sharedBack & EntryWord.Used) != 0));
        Changed();
        return (sharedOut | sharedBack) != 0;
    }

    /// <summary>The receiver that a live entry names, which is marked as used; -1 when there is none.</summary>
    private int FindEntry(int from, uint receiverIndex, ulong hash, long now)
    {
        if (!_entries.TryFind(from, receiverIndex, hash, out ulong[] words, out int at))
            return -1;
        ulong word = Volatile.Read(ref words[at]);
        if (word == 0 || EntryWord.Deadline(word) <= now)
            return -1;

        // One write in the life of an entry. When the writer was faster, the mark is not due any more.
        if ((word & EntryWord.Used) == 0)
            Interlocked.CompareExchange(ref words[at], word | EntryWord.Used, word);
        return EntryWord.Slot(word);
    }

    private void Changed() => Volatile.Write(ref _version, _version + 1);

    private bool Holds(int client, int connector, uint clientIndex, uint connectorIndex)
    {
        for (int place = _sessions.FirstOfClient(client); place != 0; place = _sessions[place].NextOfClient)
        {
            ref var session = ref _sessions[place];
            if (session.Connector == connector && session.ClientIndex == clientIndex && session.ConnectorIndex == connectorIndex)
                return true;
        }

        return false;
    }

    /// <summary>Ended sessions of other agents under one of the indices go, or they would take the new entry with them.</summary>
    private void RemoveOverlaps(int client, int connector, uint clientIndex, uint connectorIndex)
    {
        for (int place = _sessions.FirstOfClient(client), next; place != 0; place = next)
        {
            next = _sessions[place].NextOfClient;
            if (_sessions[place].Connector != connector && _sessions[place].ConnectorIndex == connectorIndex)
                Remove(place);
        }

        if (_entries.Find(connector, clientIndex) is not 0 and var word && EntryWord.Slot(word) != client)
            RemoveBehind(EntryWord.Slot(word), connector, clientIndex);
    }

    /// <summary>Several responses to one initiation share its index and stand side by side, since one of them may be forged.</summary>
    private void MarkSharers(int client, int connector, uint clientIndex, uint connectorIndex)
    {
        for (int place = _sessions.FirstOfClient(client); place != 0; place = _sessions[place].NextOfClient)
        {
            ref var session = ref _sessions[place];
            if (session.Connector == connector)
                session.SharesIndex |= session.ConnectorIndex == connectorIndex || session.ClientIndex == clientIndex;
        }
    }

    private void RemoveBehind(int client, int connector, uint clientIndex)
    {
        for (int place = _sessions.FirstOfClient(client), next; place != 0; place = next)
        {
            next = _sessions[place].NextOfClient;
            if (_sessions[place].Connector == connector && _sessions[place].ClientIndex == clientIndex)
                Remove(place);
        }
    }

    /// <summary>True when the pair was full and gave one up.</summary>
    private bool MakeRoomInPair(int client, int connector)
    {
        int count = 0, oldest = 0, neverUsed = 0;
        for (int place = _sessions.FirstOfClient(client); place != 0; place = _sessions[place].NextOfClient)
        {
            if (_sessions[place].Connector != connector)
                continue;
            count++;
            oldest = oldest == 0 ? place : oldest;
            neverUsed = neverUsed == 0 && !IsUsed(place) ? place : neverUsed;
        }

        if (count < SessionsPerPair)
            return false;
        Remove(neverUsed != 0 ? neverUsed : oldest);
        return true;
    }

    private bool MakeRoomForClient(int client)
    {
        int share = Math.Min(SessionsPerClient, 1 + (_sessions.Capacity - _sessions.Count) / FreeParts);
        if (_sessions.CountOfClient(client) < share)
            return true;
        for (int place = _sessions.FirstOfClient(client); place != 0; place = _sessions[place].NextOfClient)
        {
            if (IsUsed(place))
                continue;
            Remove(place);
            return true;
        }

        return false;
    }

    /// <summary>Whether an entry that this session alone has carried anything. What is shared tells nothing: the true one may have used it.</summary>
    private bool IsUsed(int place)
    {
        ref var session = ref _sessions[place];
        var (sharedOut, sharedBack) = FindSharers(place);
        ulong words = (sharedOut != 0 ? 0 : _entries.Find(session.Client, session.ConnectorIndex)) | (sharedBack != 0 ? 0 : _entries.Find(session.Connector, session.ClientIndex));
        return (words & EntryWord.Used) != 0;
    }

    private void Remove(int place)
    {
        ref var session = ref _sessions[place];
        var (sharedOut, sharedBack) = FindSharers(place);
        RemoveEntry(session.Client, session.ConnectorIndex, sharedOut);
        RemoveEntry(session.Connector, session.ClientIndex, sharedBack);
        _sessions.Remove(place);
        Changed();
        if (Journal is not { } journal)
            return;
        Span<byte> empty = stackalloc byte[EntryRecord.Length];
        empty.Clear();
        journal.WriteEntry(place - 1, empty);
    }

    /// <param name="sharedUntil">The last deadline of the sessions that have the entry too; 0 for none.</param>
    private void RemoveEntry(int slot, uint receiverIndex, long sharedUntil)
    {
        ulong word = _entries.Find(slot, receiverIndex);
        if (sharedUntil == 0)
            _entries.Remove(slot, receiverIndex);
        else if (EntryWord.Deadline(word) > sharedUntil)
            _entries.Set(slot, receiverIndex, EntryWord.Of(EntryWord.Slot(word), sharedUntil, (word & EntryWord.Used) != 0));
    }

    /// <summary>The last deadlines of the sessions that have one of its entries too; 0 for none.</summary>
    private (long Out, long Back) FindSharers(int place)
    {
        long sharedOut = 0, sharedBack = 0;
        ref var session = ref _sessions[place];
        if (!session.SharesIndex)
            return default;
        for (int i = _sessions.FirstOfClient(session.Client); i != 0; i = _sessions[i].NextOfClient)
        {
            ref var other = ref _sessions[i];
            if (i == place || other.Connector != session.Connector)
                continue;
            if (other.ConnectorIndex == session.ConnectorIndex)
                sharedOut = Math.Max(sharedOut, other.Deadline);
            if (other.ClientIndex == session.ClientIndex)
                sharedBack = Math.Max(sharedBack, other.Deadline);
        }

        return (sharedOut, sharedBack);
    }
}
