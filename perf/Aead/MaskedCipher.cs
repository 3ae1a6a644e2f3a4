using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using System.Text.Json.Nodes;

namespace Keyhole.Perf;

/// <summary>The AVX2 path against OpenSSL with AVX-512 hidden from both: a second process, since both look once at start.</summary>
internal static class MaskedCipher
{
    internal const string Argument = "--avx2-only";

    private const string Key = "avx2_1420_vs_evp";
    private const int FullLength = 1420;

    /// <summary>In OPENSSL_ia32cap's second word: AVX512 F, DQ, IFMA, CD, BW and VL.</summary>
    private const string OpenSslMask = ":~0xd0230000";

    /// <summary>In the second process: one contest, whose ratio is the last line.</summary>
    internal static void RunMasked(Report report)
    {
        if (Avx512F.IsSupported)
            throw new InvalidOperationException("AVX-512 is still visible: the runtime does not know the switches any more.");
        using var contest = new AeadContest(FullLength, PacketRing.PacketCount);
        var results = contest.Run();
        AeadSuite.Print(report, contest, results, FullLength);
        report.Set(Key, results.Ratio("evp seal", "seal"));
    }

    internal static void Measure(Report report)
    {
        if (!Avx2.IsSupported)
        {
            report.Note($"This processor has no AVX2: {Key} is null.");
            return;
        }
        using var process = Process.Start(StartInfo()) ?? throw new InvalidOperationException("The second process did not start.");
        JsonObject? last = null;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            last = JsonNode.Parse(line) as JsonObject;
            if (last is not null && last.ContainsKey("case"))
                report.Row([("masked", "avx512"), .. last.Select(field => (field.Key, (object?)field.Value))]);
        }
        process.WaitForExit();
        if (process.ExitCode == 0 && last?[Key] is { } value)
            report.Set(Key, value.GetValue<double>());
        else
            report.Note($"The second process ended with {process.ExitCode}: {Key} is null.");
    }

    private static ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(MaskedCipher).Assembly.Location);
        start.ArgumentList.Add("aead");
        start.ArgumentList.Add(Argument);
        // The runtime's name of the switch changed between versions; it ignores the ones it does not know.
        start.Environment["DOTNET_EnableAVX512"] = "0";
        start.Environment["DOTNET_EnableAVX512F"] = "0";
        start.Environment["OPENSSL_ia32cap"] = OpenSslMask;
        start.Environment["KEYHOLE_CIPHER"] = "vector256";
        return start;
    }
}
