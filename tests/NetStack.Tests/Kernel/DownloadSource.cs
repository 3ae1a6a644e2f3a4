using System.Buffers.Binary;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>Reads a length of eight bytes and sends as many.</summary>
internal sealed class DownloadSource : FlowApplication
{
    private readonly List<byte> _request = [];
    private long _position;
    private long _length = -1;

    public override void Run()
    {
        Take(span => _request.AddRange(span));
        if (_length < 0 && _request.Count >= sizeof(long))
            _length = BinaryPrimitives.ReadInt64BigEndian(_request.ToArray());
        if (_length < 0)
            return;
        _position = Pour(_position, _length);
        if (_position == _length)
            Flow.CloseSend();
    }
}
