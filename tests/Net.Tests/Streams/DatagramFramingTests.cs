using System.Buffers;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>Datagrams in a byte stream, whatever pieces the stream comes in.</summary>
public sealed class DatagramFramingTests : IDisposable
{
    private static readonly IpEndpoint Source = new(IpAddress.DiscardOnly(7), 443);

    private readonly ReceiveBatch _batch = new(16, 65_536);

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void Datagrams_come_out_as_they_went_in_however_the_stream_is_cut()
    {
        int seed = TestSeed.Next();
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            var sent = new List<byte[]>();
            var stream = new ArrayBufferWriter<byte>();
            for (int i = random.Next(1, 80); i > 0; i--)
            {
                byte[] datagram = new byte[random.Next(3) == 0 ? random.Next(DatagramFraming.MinimumLength, DatagramFraming.MaximumLength + 1) : 1312];
                random.NextBytes(datagram);
                sent.Add(datagram);
                stream.Advance(DatagramFraming.Write(datagram, stream.GetSpan(datagram.Length + DatagramFraming.HeadLength)));
            }

            Assert.True(Same(sent, Read(stream.WrittenMemory, random)), $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Neighbours_of_one_size_are_one_run()
    {
        byte[] stream = new byte[8 * (64 + DatagramFraming.HeadLength)];
        for (int i = 0; i < 8; i++)
            DatagramFraming.Write(new byte[64], stream.AsSpan(i * (64 + DatagramFraming.HeadLength)));
        var bytes = new ReadOnlySequence<byte>(stream);
        Assert.Equal(FramingResult.NeedsMore, DatagramFraming.Read(ref bytes, Source, _batch));
        Assert.True(bytes.IsEmpty);
        int runs = 0;
        foreach (var run in _batch.Runs)
        {
            runs++;
            Assert.Equal(8, run.Count);
            Assert.Equal(Source, run.Source);
        }

        Assert.Equal(1, runs);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(DatagramFraming.MinimumLength - 1)]
    [InlineData(DatagramFraming.MaximumLength + 1)]
    public void A_length_that_no_datagram_has_breaks_the_stream(int length)
    {
        var bytes = new ReadOnlySequence<byte>([(byte)(length >> 8), (byte)length]);
        Assert.Equal(FramingResult.Broken, DatagramFraming.Read(ref bytes, Source, _batch));
    }

    /// <summary>Feeds the stream in pieces, as a reader sees it: what was not taken comes again with more behind it.</summary>
    private List<byte[]> Read(ReadOnlyMemory<byte> stream, Random random)
    {
        var read = new List<byte[]>();
        int start = 0;
        for (int end = 0; end < stream.Length || start < stream.Length;)
        {
            end = Math.Min(stream.Length, end + random.Next(1, 5000));
            var bytes = Sequence(stream[start..end], random);
            FramingResult result;
            do
            {
                _batch.Clear();
                long before = bytes.Length;
                result = DatagramFraming.Read(ref bytes, Source, _batch);
                start += (int)(before - bytes.Length);
                foreach (var datagram in _batch.Datagrams)
                    read.Add(datagram.First.ToArray());
            }
            while (result == FramingResult.BatchFull);
        }

        return read;
    }

    private static ReadOnlySequence<byte> Sequence(ReadOnlyMemory<byte> bytes, Random random)
    {
        int cut = random.Next(bytes.Length + 1);
        var first = new Segment(bytes[..cut], 0);
        var last = new Segment(bytes[cut..], cut);
        first.Append(last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static bool Same(List<byte[]> one, List<byte[]> other) => one.Count == other.Count && one.Zip(other).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public void Append(Segment next) => Next = next;
    }
}
