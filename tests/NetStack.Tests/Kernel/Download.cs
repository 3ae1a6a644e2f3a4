using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>Asks for a stream and hashes it to its end.</summary>
internal sealed class Download(long length) : FlowApplication
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _asked;

    public byte[] Digest { get; private set; } = [];

    public override void Run()
    {
        if (!_asked)
        {
            _asked = true;
            BinaryPrimitives.WriteInt64BigEndian(Flow.GetSendSpan(), length);
            Flow.Commit(sizeof(long));
            Flow.CloseSend();
        }

        Take(_hash.AppendData);
        if (Flow.ReceiveFinished && Digest.Length == 0)
            Digest = _hash.GetHashAndReset();
    }
}
