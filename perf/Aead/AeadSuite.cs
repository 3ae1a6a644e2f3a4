using System.Runtime.Intrinsics.X86;
using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>The transport cipher against OpenSSL's EVP and libsodium, and a responder's handshake.</summary>
internal sealed class AeadSuite : Suite
{
    private const int FullLength = 1420;
    private const int SmallLength = 64;

    internal override string Name => "aead";

    internal override string Summary => "ChaCha20-Poly1305 of transport packets against OpenSSL and libsodium; a responder's handshake";

    internal override IReadOnlyList<string> Keys =>
    [
        "seal_1420_batch_vs_evp", "seal_1420_vs_evp", "open_1420_vs_evp", "open_1420_batch_vs_evp", "seal_1420_batch_vs_libsodium",
        "seal_64_batch_vs_evp", "avx2_1420_vs_evp", "handshake_us", "allocated_bytes",
    ];

    internal override void Run(Report report, string[] arguments)
    {
        if (arguments is [MaskedCipher.Argument])
        {
            MaskedCipher.RunMasked(report);
            return;
        }
        if (EvpCipher.IsAvailable)
            RunCiphers(report);
        else
            report.Note("libcrypto.so.3 is missing (Debian package libssl3): nothing to compare with, every ratio is null.");
        report.Set("handshake_us", HandshakeTimer.Measure(report));
    }

    private static void RunCiphers(Report report)
    {
        report.Note($"path {TransportKey.PathName}, {EvpCipher.Version}, libsodium {(SodiumCipher.IsAvailable ? Sodium.Version : "missing")}");
        if (!Avx512BW.IsSupported)
            report.Note("This processor has no AVX-512: every ratio is that of the path named above, against OpenSSL without AVX-512.");
        long allocated = 0;
        foreach (int length in new[] { 0, SmallLength, 256, 576, FullLength })
        {
            using var contest = new AeadContest(length, length == SmallLength ? 16 : PacketRing.PacketCount);
            var results = contest.Run();
            Print(report, contest, results, length);
            allocated += contest.CountAllocations();
            if (length == FullLength)
            {
                report.Set("seal_1420_batch_vs_evp", results.Ratio("evp seal", "seal batch"));
                report.Set("seal_1420_vs_evp", results.Ratio("evp seal", "seal"));
                report.Set("open_1420_vs_evp", results.Ratio("evp open", "open"));
                report.Set("open_1420_batch_vs_evp", results.Ratio("evp open", "open batch"));
                if (SodiumCipher.IsAvailable)
                    report.Set("seal_1420_batch_vs_libsodium", results.Ratio("libsodium seal", "seal batch"));
            }
            else if (length == SmallLength)
            {
                report.Set("seal_64_batch_vs_evp", results.Ratio("evp seal", "seal batch"));
            }
        }
        report.Set("allocated_bytes", allocated);
        MaskedCipher.Measure(report);
    }

    internal static void Print(Report report, AeadContest contest, Contest results, int length)
    {
        foreach (string name in results.Names)
        {
            string baseline = name.Contains("open", StringComparison.Ordinal) ? "evp open" : "evp seal";
            report.Row(
                ("suite", "aead"), ("bytes", length), ("case", name), ("batch", name.EndsWith("batch", StringComparison.Ordinal) ? contest.BatchLength : 1),
                ("ns", results.Nanoseconds(name)), ("vs_evp", results.Ratio(baseline, name)));
        }
    }
}
