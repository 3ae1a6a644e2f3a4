using System.Runtime.CompilerServices;

namespace Keyhole.Net;

/// <summary>Walks the batch; see <see cref="ReceiveBatch.Runs"/> and <see cref="ReceiveBatch.Datagrams"/>.</summary>
public unsafe ref struct DatagramRunEnumerator
{
    private const int PrefixLength = 8;

    private readonly ReceiveBatch _batch;
    private readonly bool _split;
    private int _message;
    private int _offset;
    private DatagramRun _current;

    internal DatagramRunEnumerator(ReceiveBatch batch, bool split)
    {
        _batch = batch;
        _split = split;
    }

    public readonly DatagramRun Current => _current;

    public readonly DatagramRunEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_message == _batch.Count)
            return false;
        var message = _batch.Message(_message);
        byte* start = message->Start + _offset;
        int left = message->Length - _offset;
        int size = Math.Min(message->SegmentSize, left);
        int count = 1;
        int length = size;
        if (left > size && !_split && size >= PrefixLength)
        {
            ulong prefix = Unsafe.ReadUnaligned<ulong>(start);
            while (length < left)
            {
                int next = Math.Min(size, left - length);
                if (next < PrefixLength || Unsafe.ReadUnaligned<ulong>(start + length) != prefix)
                    break;
                length += next;
                count++;
            }
        }

        _offset += length;
        if (_offset == message->Length)
        {
            _message++;
            _offset = 0;
        }

        _current = new DatagramRun(_batch, message, start, length, size, count);
        return true;
    }
}
