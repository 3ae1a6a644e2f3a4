using System.Security.Cryptography;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>Takes a stream to its end and answers with its SHA-256: a half-closed connection carries the answer.</summary>
internal sealed class UploadSink : FlowApplication
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _answered;

    public override void Run()
    {
        Take(_hash.AppendData);
        if (!Flow.ReceiveFinished || _answered)
            return;
        _answered = true;
        _hash.GetHashAndReset().CopyTo(Flow.GetSendSpan());
        Flow.Commit(SHA256.HashSizeInBytes);
        Flow.CloseSend();
        _hash.Dispose();
    }
}
