using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>
/// Keeps one UDP port of this host mapped at its IPv4 gateway, where that speaks PCP or NAT-PMP, and gives the mapping back in the end. Not on the data
/// thread: <see cref="MappingSession"/> decides, this carries.
/// </summary>
public sealed class PortMapper : IAsyncDisposable
{
    private const int GatewayPort = 5351;

    /// <summary>Where there is no gateway, or something unexpected came.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    private readonly ushort _port;
    private readonly Func<IpEndpoint?, ValueTask> _changed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private CancellationTokenSource _restart = new();
    private IpEndpoint? _told;

    /// <param name="port">The local port to be mapped.</param>
    /// <param name="changed">Called with where the port is reached from outside, and with null when it no longer is.</param>
    public PortMapper(ushort port, Func<IpEndpoint?, ValueTask> changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        _port = port;
        _changed = changed;
        _running = RunAsync();
    }

    /// <summary>The network has changed: begins anew with the gateway that there is now.</summary>
    public void Restart()
    {
        using var old = Interlocked.Exchange(ref _restart, new CancellationTokenSource());
        old.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _restart.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var round = BeginRound();
            try
            {
                if (FindGateway() is { } gateway)
                    await ConverseAsync(gateway, round.Token);
                else
                    await TellAsync(null);
                await Task.Delay(Rest, round.Token);
            }
            catch (OperationCanceledException)
            {
                // The end, or another network.
            }
#pragma warning disable CA1031 // without a mapping there are other ways
            catch (Exception)
#pragma warning restore CA1031
            {
                await Task.Delay(Rest, round.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private CancellationTokenSource BeginRound()
    {
        while (true)
        {
            try
            {
                return CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, Volatile.Read(ref _restart).Token);
            }
            catch (ObjectDisposedException)
            {
                // Restarted in between: there is a newer one.
            }
        }
    }

    private async Task ConverseAsync(IPAddress gateway, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        MappingSession? session = null;
        var datagram = new byte[MappingSession.MaximumLength];
        try
        {
            // Connected, so that only the gateway is heard.
            await socket.ConnectAsync(gateway, GatewayPort, stop);
            session = new MappingSession(IpAddress.From(((IPEndPoint)socket.LocalEndPoint!).Address), _port, RandomNumberGenerator.GetBytes(PcpMap.NonceLength));
            while (true)
            {
                int length = session.Next(datagram, MonotonicClock.Now);
                if (length > 0)
                    await SendAsync(socket, datagram.AsMemory(0, length), stop);
                await TellAsync(session.External);
                await ReceiveAsync(socket, session, stop);
                await TellAsync(session.External);
            }
        }
        catch (SocketException)
        {
            // No way to the gateway. The next round finds another, or none.
        }
        finally
        {
            if (session?.Release(datagram) is int length and > 0)
                await ReleaseAsync(socket, datagram.AsMemory(0, length));
            await TellAsync(null);
        }
    }

    /// <summary>Waits for one datagram, at most until the session wants to speak.</summary>
    private static async Task ReceiveAsync(Socket socket, MappingSession session, CancellationToken stop)
    {
        long wait = session.Deadline - MonotonicClock.Now;
        if (wait <= 0)
            return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromMicroseconds(wait));
        var datagram = new byte[1100];
        try
        {
            int length = await socket.ReceiveAsync(datagram, patience.Token);
            session.Receive(datagram.AsSpan(0, length), MonotonicClock.Now);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The session's turn.
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // The gateway has no such service: as good as silence, but it comes at once.
            await Task.Delay(TimeSpan.FromMicroseconds(Math.Max(0, session.Deadline - MonotonicClock.Now)), stop);
        }
    }

    private static async ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> datagram, CancellationToken stop)
    {
        try
        {
            await socket.SendAsync(datagram, stop);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Said of an earlier datagram.
        }
    }

    private static async ValueTask ReleaseAsync(Socket socket, ReadOnlyMemory<byte> datagram)
    {
        try
        {
            await socket.SendAsync(datagram);
        }
        catch (SocketException)
        {
            // That network is gone, and the mapping ends by itself.
        }
    }

    private async ValueTask TellAsync(IpEndpoint? external)
    {
        if (external == _told)
            return;
        _told = external;
        await _changed(external);
    }

    /// <summary>The IPv4 gateway of the default route; null where there is none.</summary>
    private static IPAddress? FindGateway() => HostInterfaces.Read(interfaces => interfaces
        .Where(one => one.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
        .SelectMany(one => one.GetIPProperties().GatewayAddresses)
        .Select(gateway => gateway.Address)
        .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !address.Equals(IPAddress.Any)));
}
