using System.Diagnostics;

namespace Keyhole.Fuzz.Tests;

/// <summary>The harness finds what was planted, keeps the input, and the input repeats it.</summary>
public class HarnessTests
{
    private const int CaughtStatus = 1;

    [Fact]
    public void An_exception_is_found_and_made_short()
    {
        using var campaign = new Campaign(new PlantedExceptionTarget(), seed: 5);

        Assert.False(campaign.Run(TimeSpan.FromSeconds(30), 100_000));
        Assert.IsType<ArgumentOutOfRangeException>(campaign.Failure);
        Assert.Equal(2, campaign.Broken!.Length);
        Assert.Equal(0x4B, campaign.Broken[0]);
    }

    [Fact]
    public void The_same_seed_does_the_same()
    {
        using var first = new Campaign(new PlantedExceptionTarget(), seed: 6);
        using var second = new Campaign(new PlantedExceptionTarget(), seed: 6);
        first.Run(TimeSpan.FromSeconds(30), 100_000);
        second.Run(TimeSpan.FromSeconds(30), 100_000);

        Assert.Equal(first.Executions, second.Executions);
        Assert.Equal(first.Broken, second.Broken);
    }

    [Fact]
    public void A_read_past_the_end_is_a_crash_whose_input_is_kept()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(CaughtStatus, Run(folder, "planted-overread", "20", "1"));

        string input = Assert.Single(Directory.GetFiles(folder.Path, "*.bin"));
        Assert.InRange(new FileInfo(input).Length, 4, 7);
        Assert.Contains("crash", File.ReadAllText(System.IO.Path.ChangeExtension(input, ".txt")), StringComparison.Ordinal);
        // Neither status of the replay that returns: the process ends by the crash itself.
        Assert.NotInRange(Run(folder, "replay", "planted-overread", input), 0, 1);
    }

    [Fact]
    public void A_hang_is_ended_and_its_input_is_kept()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(CaughtStatus, Run(folder, "planted-hang", "20", "1"));

        string input = Assert.Single(Directory.GetFiles(folder.Path, "*.bin"));
        Assert.Contains((byte)0, File.ReadAllBytes(input));
        Assert.Contains("hang", File.ReadAllText(System.IO.Path.ChangeExtension(input, ".txt")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_at_the_end_touches_the_unmapped_page_and_keeps_its_bytes()
    {
        using var buffer = new GuardedBuffer(5000);
        byte[] input = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];

        Assert.True(input.AsSpan().SequenceEqual(buffer.Place(input)));
        Assert.True(input.AsSpan().SequenceEqual(buffer.Place(input, atEnd: false)));
        Assert.True(buffer.Place([]).IsEmpty);
        Assert.Equal(8192, buffer.Capacity);
    }

    [Fact]
    public void Mutations_stay_within_the_length_and_change_the_input()
    {
        var mutator = new Mutator(new Random(3));
        byte[] input = new byte[50];
        int changed = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] mutated = mutator.Mutate(input, [1, 2, 3], 60);
            Assert.InRange(mutated.Length, 0, 60);
            if (!mutated.AsSpan().SequenceEqual(input))
                changed++;
        }

        Assert.InRange(changed, 900, 1000);
    }

    private static int Run(TemporaryFolder folder, params string[] arguments)
    {
        string program = System.IO.Path.Combine(AppContext.BaseDirectory, "Keyhole.Fuzz.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KEYHOLE_FUZZ_OUT"] = folder.Path;
        start.Environment["KEYHOLE_FUZZ_HANG_SECONDS"] = "2";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(60_000), "the harness itself hangs");
        _ = error.Result;
        return process.ExitCode;
    }
}
