using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>Our cipher, OpenSSL's and libsodium's on the same packets of one size, in place, sealed and opened.</summary>
internal sealed unsafe class AeadContest : IDisposable
{
    private readonly TransportKey _key;
    private readonly EvpCipher _evp;
    private readonly SodiumCipher? _sodium;
    private readonly PacketRing _ring;
    private readonly byte[] _pristine;
    private readonly Contest _contest = new();

    internal AeadContest(int length, int batchLength)
    {
        byte[] key = [.. Enumerable.Range(7, TransportKey.KeyLength).Select(i => (byte)i)];
        _key = new TransportKey(key);
        _evp = new EvpCipher(key);
        _sodium = SodiumCipher.IsAvailable ? new SodiumCipher(key) : null;
        _ring = new PacketRing(length);
        _key.Seal(_ring.Buffer, _ring.Plain);
        _pristine = _ring.Buffer.ToArray();
        BatchLength = batchLength;
    }

    /// <summary>Packets per call of the batch contestants.</summary>
    internal int BatchLength { get; }

    internal Contest Run()
    {
        _contest.Add("evp seal", PacketRing.PacketCount, Repeat(SealEvp));
        _contest.Add("seal", PacketRing.PacketCount, Repeat(SealOne));
        _contest.Add("seal batch", PacketRing.PacketCount, Repeat(SealBatch));
        if (_sodium is not null)
            _contest.Add("libsodium seal", PacketRing.PacketCount, Repeat(SealSodium));
        _contest.Add("evp open", PacketRing.PacketCount, Restore, OpenEvp);
        _contest.Add("open", PacketRing.PacketCount, Restore, OpenOne);
        _contest.Add("open batch", PacketRing.PacketCount, Restore, OpenBatch);
        _contest.Run();
        return _contest;
    }

    /// <summary>Bytes allocated by a thousand turns of everything of ours.</summary>
    internal long CountAllocations() => Allocations.Of(
        Repeat(() =>
        {
            SealOne();
            Restore();
            OpenOne();
            SealBatch();
            Restore();
            OpenBatch();
        }),
        1000);

    public void Dispose() => _key.Dispose();

    private static Action<int> Repeat(Action work) => repetitions =>
    {
        for (int i = 0; i < repetitions; i++)
            work();
    };

    private void Restore() => _pristine.CopyTo(_ring.Buffer);

    private void SealEvp()
    {
        for (int i = 0; i < PacketRing.PacketCount; i++)
            _evp.Seal((ulong)i, _ring.Text(i), _ring.Length);
    }

    private void SealSodium()
    {
        for (int i = 0; i < PacketRing.PacketCount; i++)
            _sodium!.Seal((ulong)i, _ring.Text(i), _ring.Length);
    }

    private void SealOne()
    {
        for (int i = 0; i < PacketRing.PacketCount; i++)
            _key.Seal((ulong)i, _ring.Room(i), _ring.Length);
    }

    private void SealBatch()
    {
        for (int i = 0; i < PacketRing.PacketCount; i += BatchLength)
            _key.Seal(_ring.Buffer, _ring.Plain.AsSpan(i, BatchLength));
    }

    private void OpenEvp()
    {
        for (int i = 0; i < PacketRing.PacketCount; i++)
            Expect(_evp.Open((ulong)i, _ring.Text(i), _ring.Length));
    }

    private void OpenOne()
    {
        for (int i = 0; i < PacketRing.PacketCount; i++)
            Expect(_key.Open((ulong)i, _ring.Room(i)));
    }

    private void OpenBatch()
    {
        for (int i = 0; i < PacketRing.PacketCount; i += BatchLength)
            Expect(_key.Open(_ring.Buffer, _ring.Sealed.AsSpan(i, BatchLength)) == BatchLength);
    }

    private static void Expect(bool authentic)
    {
        if (!authentic)
            throw new InvalidOperationException("An authentic packet was refused.");
    }
}
