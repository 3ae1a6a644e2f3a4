using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// Passes queries of the DNS on to other servers. Each exchange has a socket of its own, connected, so with a port that nobody knows, and
/// an identifier of its own; an answer counts only with that identifier, from that server, to that question (RFC 5452 section 9.1).
/// </summary>
/// <param name="random">Fills with what nobody can predict.</param>
public sealed class QueryForwarder(Action<Span<byte>> random)
{
    /// <summary>The longest UDP answer that is taken; EDNS allows more, but nobody sends it.</summary>
    public const int MaximumDatagramLength = 4096;

    /// <summary>Exchanges at once.</summary>
    private const int MaximumExchanges = 256;

    /// <summary>Of these as many may ask the same: more is the same query that comes back in a circle.</summary>
    private const int MaximumSameQuestion = 16;

    /// <summary>Of these as many ask a second server after one that failed: in a circle each of them would multiply the query.</summary>
    private const int MaximumSecondOpinions = 2;

    private const int MaximumServers = 3;

    /// <summary>The best may know what the others do not: another client of this machine.</summary>
    private static readonly TimeSpan PreferenceTime = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, int> _questions = new(StringComparer.Ordinal);
    private volatile IPEndPoint[] _servers = [];
    private volatile int _preferred;
    private long _preferredSince;
    private int _exchanges;

    /// <summary>How long one server is waited for: for all of them together less than the five seconds that most resolvers wait.</summary>
    public TimeSpan PatienceWithServer { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Who is asked, best first; where a worse one answered instead, that one for half a minute. Only the first three are.</summary>
    public IReadOnlyList<IPEndPoint> Servers
    {
        get => _servers;
        set
        {
            if (value.Take(MaximumServers).SequenceEqual(_servers))
                return;
            _servers = [.. value.Take(MaximumServers)];
            _preferred = 0;
        }
    }

    /// <summary>Asks one server after the other until one answers with something else than that it failed or refuses.</summary>
    /// <param name="query">A message with one question.</param>
    /// <param name="response">Takes the answer, under the query's own identifier.</param>
    /// <returns>The answer's length, or 0 when there is none.</returns>
    public async Task<int> ForwardAsync(ReadOnlyMemory<byte> query, bool isStream, Memory<byte> response, CancellationToken stop)
    {
        var servers = _servers;
        if (servers.Length == 0 || KeyOf(query.Span) is not { } key)
            return 0;
        int same = _questions.AddOrUpdate(key, 1, (_, count) => count + 1);
        bool isWithinBounds = Interlocked.Increment(ref _exchanges) <= MaximumExchanges && same <= MaximumSameQuestion;
        try
        {
            return isWithinBounds ? await AskAsync(servers, query, isStream, same <= MaximumSecondOpinions, response, stop) : 0;
        }
        finally
        {
            Interlocked.Decrement(ref _exchanges);
            for (int count; _questions.TryGetValue(key, out count);)
            {
                if (count > 1 ? _questions.TryUpdate(key, count - 1, count) : ((ICollection<KeyValuePair<string, int>>)_questions).Remove(new(key, count)))
                    break;
            }
        }
    }

    private async Task<int> AskAsync(IPEndPoint[] servers, ReadOnlyMemory<byte> query, bool isStream, bool wantsSecondOpinion, Memory<byte> response, CancellationToken stop)
    {
        byte[] asked = ArrayPool<byte>.Shared.Rent(query.Length);
        try
        {
            int first = IsBestDue() ? 0 : _preferred;
            for (int attempt = 0; attempt < Math.Max(2, servers.Length) && !stop.IsCancellationRequested; attempt++)
            {
                int index = (first + attempt) % servers.Length;
                query.CopyTo(asked);
                random(asked.AsSpan(0, 2));
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
                patience.CancelAfter(PatienceWithServer);
                try
                {
                    var message = asked.AsMemory(0, query.Length);
                    int length = isStream
                        ? await AskStreamAsync(servers[index], message, response, patience.Token)
                        : await AskDatagramAsync(servers[index], message, response, patience.Token);
                    bool isFailure = IsFailure(response.Span[..length]);
                    if (isFailure && wantsSecondOpinion && attempt + 1 < servers.Length)
                        continue;
                    query.Span[..2].CopyTo(response.Span);
                    if (!isFailure && index != _preferred)
                    {
                        Interlocked.Exchange(ref _preferredSince, Environment.TickCount64);
                        _preferred = index;
                    }

                    return length;
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
                {
                    // It is not there or not in time: the next one.
                }
            }

            return 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(asked);
        }
    }

    /// <summary>Whether this query tries the best server again while another one is preferred: one in a while does, and the others do not wait for it.</summary>
    private bool IsBestDue()
    {
        long since = Interlocked.Read(ref _preferredSince);
        long now = Environment.TickCount64;
        return _preferred != 0 && now - since > PreferenceTime.TotalMilliseconds && Interlocked.CompareExchange(ref _preferredSince, now, since) == since;
    }

    private static async Task<int> AskDatagramAsync(IPEndPoint server, ReadOnlyMemory<byte> query, Memory<byte> response, CancellationToken patience)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, patience);
        await socket.SendAsync(query, patience);
        while (true)
        {
            int length = await socket.ReceiveAsync(response, patience);
            if (Answers(query.Span, response.Span[..length]))
                return length;
        }
    }

    private static async Task<int> AskStreamAsync(IPEndPoint server, ReadOnlyMemory<byte> query, Memory<byte> response, CancellationToken patience)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, patience);
        await using var stream = new NetworkStream(socket);
        byte[] framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, patience);
        await stream.ReadExactlyAsync(framed.AsMemory(0, 2), patience);
        var answer = response[..Math.Min(BinaryPrimitives.ReadUInt16BigEndian(framed), response.Length)];
        await stream.ReadExactlyAsync(answer, patience);
        return Answers(query.Span, answer.Span) ? answer.Length : throw new IOException("This is an answer to something else.");
    }

    /// <summary>A server that cannot read the query may leave the question out.</summary>
    internal static bool Answers(ReadOnlySpan<byte> query, ReadOnlySpan<byte> response)
    {
        if (!DnsView.TryParse(response, out var answer) || !answer.IsResponse || !response[..2].SequenceEqual(query[..2]))
            return false;
        if (!answer.TryGetQuestion(out var answered))
            return answer.ResponseCode != DnsResponseCode.NoError;
        return DnsView.TryParse(query, out var asked) && asked.TryGetQuestion(out var question)
            && question.Type == answered.Type && question.Class == answered.Class && question.Name.Equals(answered.Name);
    }

    private static bool IsFailure(ReadOnlySpan<byte> response) =>
        DnsView.TryParse(response, out var view) && view.ResponseCode is DnsResponseCode.ServerFailure or DnsResponseCode.Refused;

    private static string? KeyOf(ReadOnlySpan<byte> query)
    {
        if (!DnsView.TryParse(query, out var view) || !view.TryGetQuestion(out var question))
            return null;
        Span<byte> name = stackalloc byte[DnsName.MaximumLength + 4];
        int length = question.Name.CopyTo(name);
        foreach (ref byte letter in name[..length])
            letter = (byte)char.ToLowerInvariant((char)letter);
        BinaryPrimitives.WriteUInt16BigEndian(name[length..], question.Type);
        BinaryPrimitives.WriteUInt16BigEndian(name[(length + 2)..], question.Class);
        return Convert.ToHexString(name[..(length + 4)]);
    }
}
