namespace Keyhole.Tunnel;

/// <summary>
/// The two entries that one handshake between a client and a connector made. Links are places in <see cref="PairSessions"/>, 0 for none; places begin at 1.
/// </summary>
internal struct PairSession
{
    private const int SharesMark = int.MinValue;

    // The connector's slot, and a mark in the sign: 48 bytes a session instead of 56.
    private int _connector;

    public int Client;

    /// <summary>The index that the client chose: the connector's datagrams carry it.</summary>
    public uint ClientIndex;

    /// <summary>The index that the connector chose: the client's datagrams carry it.</summary>
    public uint ConnectorIndex;

    /// <summary>0 while the place is free.</summary>
    public long Deadline;

    // The free list, or all sessions in the order of their deadlines.
    public int Previous;
    public int Next;

    public int PreviousOfClient;
    public int NextOfClient;
    public int PreviousOfConnector;
    public int NextOfConnector;

    public int Connector
    {
        readonly get => _connector & ~SharesMark;
        set => _connector = value | (_connector & SharesMark);
    }

    /// <summary>Another response to the same initiation made a session of this pair too: an entry stays while one of them does.</summary>
    public bool SharesIndex
    {
        readonly get => _connector < 0;
        set => _connector = Connector | (value ? SharesMark : 0);
    }
}
