using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>Has queries for names that clients were not granted answered by the servers that the operator named. How many there are at once, the state decides.</summary>
internal sealed class NameForwarding : IAsyncDisposable
{
    private const int DatagramLength = QueryForwarder.MaximumDatagramLength;

    private readonly RelayLoop _loop;
    private readonly QueryForwarder _forwarder = new(RandomSource.System.Fill);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public NameForwarding(RelayLoop loop)
    {
        _loop = loop;
        _serving = ServeAsync(loop.Queries);
    }

    /// <summary>Asks the servers of the table from now on.</summary>
    public void Take(RelayNames? names) => _forwarder.Servers = [.. EndpointsOf(names)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static IEnumerable<IPEndPoint> EndpointsOf(RelayNames? names)
    {
        foreach (string text in names?.Forward ?? [])
        {
            if (IpEndpoint.TryParse(text, out var endpoint))
                yield return new IPEndPoint(endpoint.Address.ToIPAddress(), endpoint.Port);
        }
    }

    private async Task ServeAsync(ChannelReader<NameQuery> queries)
    {
        await foreach (var query in queries.ReadAllAsync(_stop.Token))
            _ = AnswerAsync(query);
    }

    private async Task AnswerAsync(NameQuery query)
    {
        byte[] response = ArrayPool<byte>.Shared.Rent(query.IsStream ? ushort.MaxValue : DatagramLength);
        try
        {
            int room = query.IsStream ? ushort.MaxValue : DatagramLength;
            int length = await _forwarder.ForwardAsync(query.Message, query.IsStream, response.AsMemory(0, room), _stop.Token);
            _loop.Ask(state =>
            {
                state.Answer(query, response.AsSpan(0, length), MonotonicClock.Now);
                return true;
            });
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The relay ends.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(response);
        }
    }
}
