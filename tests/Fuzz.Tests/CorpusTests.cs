namespace Keyhole.Fuzz.Tests;

/// <summary>The doors in every test run: the committed inputs, and a few thousand new ones.</summary>
public class CorpusTests
{
    private static readonly int Executions = Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? 200_000 : 1_500;

    public static TheoryData<string> Targets => [.. TargetList.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_committed_input_is_survived(string name)
    {
        var target = TargetList.Find(name)!;
        var corpus = Corpus.Load(target);
        Assert.NotEmpty(corpus);
        foreach (var (meaning, input) in corpus)
            Assert.True(Worker.Replay(target, input) == 0, $"fuzzing/corpus/{name}/{meaning}.bin");
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Mutations_of_the_corpus_are_survived(string name)
    {
        int seed = TestSeed.Next();
        Console.WriteLine($"{name}: KEYHOLE_SEED={seed}");
        using var campaign = new Campaign(TargetList.Find(name)!, seed);

        bool whole = campaign.Run(TimeSpan.FromMinutes(2), Executions);

        Assert.True(whole, $"seed {seed}, input {Convert.ToHexString(campaign.Broken ?? [])}: {campaign.Failure}");
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Valid_inputs_do_different_things(string name)
    {
        // A target whose outcome never changes would keep nothing and see nothing.
        using var campaign = new Campaign(TargetList.Find(name)!, seed: 1);
        campaign.Run(TimeSpan.Zero);

        Assert.True(campaign.OutcomeCount > 1, $"{campaign.OutcomeCount} outcomes");
    }

    [Fact]
    public void Every_corpus_belongs_to_a_target_and_stays_small()
    {
        string folder = Path.Combine(Corpus.Root, "fuzzing", "corpus");
        Assert.Equal(TargetList.All.Select(target => target.Name).Order(StringComparer.Ordinal), Directory.EnumerateDirectories(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories), file => Assert.InRange(new FileInfo(file).Length, 0, 8192));
    }
}
