using System.Security.Cryptography;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>Sends a stream, closes its side, and reads the digest that comes back.</summary>
internal sealed class Upload(long length) : FlowApplication
{
    private long _position;

    public List<byte> Digest { get; } = new(SHA256.HashSizeInBytes);

    public override void Run()
    {
        Take(span => Digest.AddRange(span));
        _position = Pour(_position, length);
        if (_position == length)
            Flow.CloseSend();
    }
}
