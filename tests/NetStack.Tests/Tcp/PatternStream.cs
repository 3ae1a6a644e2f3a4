namespace Keyhole.NetStack.Tests.Tcp;

/// <summary>A stream whose bytes follow from their position: one end writes it and closes, the other reads and compares.</summary>
internal sealed class PatternStream(long length, int step)
{
    private readonly byte[] _pattern = [.. Enumerable.Range(0, 256 + SlabPool.SlabSize).Select(i => (byte)(i * step))];
    private long _written;

    public long ReadLength { get; private set; }

    /// <summary>Leave the sending side open at the end.</summary>
    public bool KeepOpen { get; init; }

    public void Write(TcpFlow flow)
    {
        while (_written < length)
        {
            var span = flow.GetSendSpan();
            if (span.IsEmpty)
                return;
            int now = (int)Math.Min(span.Length, length - _written);
            _pattern.AsSpan((int)(_written & 0xFF), now).CopyTo(span);
            _written += now;
            flow.Commit(now);
        }

        if (!KeepOpen)
            flow.CloseSend();
    }

    public void Read(TcpFlow flow)
    {
        for (var span = flow.PeekReceive(); !span.IsEmpty; span = flow.PeekReceive())
        {
            if (!span.SequenceEqual(_pattern.AsSpan((int)(ReadLength & 0xFF), span.Length)))
                Assert.Fail($"The bytes after {ReadLength} are wrong.");
            ReadLength += span.Length;
            flow.Consume(span.Length);
        }
    }

    public override string ToString() => $"{ReadLength} of {_written}";
}
