using System.Diagnostics;
using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Relay;
using Keyhole.Tunnel;

namespace Keyhole.Perf;

/// <summary>
/// The relay's own loop on loopback: 50,000 datagrams a second are forwarded while a table of 100,000 agents and a delta come into force. Those that were sent
/// and did not arrive are counted; once without any table, so that the machine's own losses are known.
/// </summary>
internal static class SnapshotLossSection
{
    private const int PerSecond = 50_000;
    private const int BurstLength = 50;
    private const int DatagramLength = 272;
    private const uint Index = 20;

    internal static void Run(Report report)
    {
        var quiet = Forward(applies: false);
        report.Row(("tables", 0), ("sent", quiet.Sent), ("lost", quiet.Lost), ("seconds", quiet.Seconds));
        var busy = Forward(applies: true);
        report.Row(("tables", 2), ("sent", busy.Sent), ("lost", busy.Lost), ("seconds", busy.Seconds), ("snapshot_ms", busy.Snapshot), ("delta_ms", busy.Delta));
        report.Set("snapshot_lost_packets", busy.Lost);
    }

    private static Result Forward(bool applies)
    {
        using var client = DatagramSockets.Open(new DatagramSocketOptions { Local = Loopback(0) });
        using var connector = DatagramSockets.Open(new DatagramSocketOptions { Local = Loopback(0) });
        using var key = PrivateKey.Generate(RandomSource.System);
        using var loop = new RelayLoop(new DatagramSocketOptions { Local = Loopback(0) }, threadCount: 1);
        using var state = ScaleRelay.Create(key, loop.Output);
        state.Apply(ScaleTables.Relay, ScaleTables.Of(2, 1), MonotonicClock.Now);
        Connect(state, client.Local, connector.Local);
        loop.Start(state);
        using var sending = new CancellationTokenSource();
        long received = 0;
        bool isOver = false;
        var receiver = new Thread(() =>
        {
            using var batch = ReceiveBatch.For(connector);
            while (!Volatile.Read(ref isOver))
            {
                if (connector.Receive(batch, 100) == 0)
                    continue;
                foreach (var run in batch.Runs)
                    received += run.Count;
            }
        });
        long sent = 0;
        var sender = new Thread(() => sent = Send(client, loop.Local, sending.Token));
        receiver.Start();
        sender.Start();
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(500);
        double snapshot = 0, delta = 0;
        if (applies)
        {
            var table = ScaleTables.Of(SnapshotSection.Agents, 2);
            Thread.Sleep(500);
            snapshot = Apply(loop, state, table);
            delta = Apply(loop, state, table.Apply(SnapshotSection.DeltaOf(table))!);
        }

        Thread.Sleep(500);
        sending.Cancel();
        sender.Join();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Thread.Sleep(500);
        Volatile.Write(ref isOver, true);
        receiver.Join();
        return new Result(sent, sent - received, seconds, snapshot, delta);
    }

    /// <summary>The session that the handshake through the relay would have left.</summary>
    private static void Connect(RelayState state, in IpEndpoint client, in IpEndpoint connector)
    {
        state.Forwarding.SetAddress(0, client);
        state.Forwarding.SetAddress(1, connector);
        state.Forwarding.AddPair(0, 1, Index, Index, MonotonicClock.Now);
    }

    private static double Apply(RelayLoop loop, RelayState state, Contracts.Table table)
    {
        long start = Stopwatch.GetTimestamp();
        var prepared = state.Prepare(ScaleTables.Relay, table);
        loop.Ask(state =>
        {
            state.BeginApply(prepared, MonotonicClock.Now);
            return true;
        });
        while (!loop.Ask(state => state.ContinueApply(MonotonicClock.Now, out _)))
        {
            // Slice by slice, as the relay does.
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>A burst every millisecond. One that is late is not made up for: the rate is the most, not the least.</summary>
    private static long Send(IDatagramSocket socket, IpEndpoint relay, CancellationToken end)
    {
        using var batch = new SendBatch();
        byte[] datagram = new byte[DatagramLength];
        datagram[0] = 4;
        BitConverter.TryWriteBytes(datagram.AsSpan(4), Index);
        long sent = 0;
        for (long next = MonotonicClock.Now; !end.IsCancellationRequested; next = Math.Max(next, MonotonicClock.Now - 10_000) + 1_000_000L * BurstLength / PerSecond)
        {
            while (MonotonicClock.Now is var now && now < next)
                Thread.Sleep(TimeSpan.FromMicroseconds(next - now));
            for (int i = 0; i < BurstLength; i++)
                batch.TryCopy(relay, datagram);
            sent += batch.DatagramCount;
            socket.Send(batch);
        }

        return sent;
    }

    private static IpEndpoint Loopback(ushort port) => new(new IpAddress(0x7F00_0001), port);

    private readonly record struct Result(long Sent, long Lost, double Seconds, double Snapshot, double Delta);
}
