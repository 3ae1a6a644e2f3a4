using System.Diagnostics;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Mutants;

/// <summary>
/// Shows that the scripts notice when a rule is taken out: each mutant is built in a copy of the tree and must fail. Half an hour;
/// KEYHOLE_LONG=1 runs it, KEYHOLE_MUTANT picks those of one pitfall ("P17").
/// </summary>
public class MutantTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_mutant_still_fits_the_source()
    {
        string root = Root();
        foreach (var mutant in MutantList.All)
        {
            string source = File.ReadAllText(Path.Combine(root, "src", "NetStack", mutant.File));
            Assert.True(source.Split(mutant.Original).Length == 2, $"{mutant}: its text stands {source.Split(mutant.Original).Length - 1} times in {mutant.File}");
        }
    }

    [LongFact]
    public void Every_mutant_is_noticed()
    {
        string? only = Environment.GetEnvironmentVariable("KEYHOLE_MUTANT");
        string copy = Directory.CreateTempSubdirectory("mutants").FullName;
        try
        {
            Copy(Root(), copy);
            Assert.True(Passes(copy), "The scripts fail without any mutant.");
            var survivors = new List<Mutant>();
            foreach (var mutant in MutantList.All.Where(mutant => only is null || mutant.Pitfall == only))
            {
                string file = Path.Combine(copy, "src", "NetStack", mutant.File);
                string source = File.ReadAllText(file);
                File.WriteAllText(file, source.Replace(mutant.Original, mutant.Replacement, StringComparison.Ordinal));
                bool survived = Passes(copy);
                File.WriteAllText(file, source);
                output.WriteLine($"{mutant}: {(survived ? "SURVIVED" : "noticed")}");
                if (survived)
                    survivors.Add(mutant);
            }

            Assert.Empty(survivors);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static bool Passes(string root)
    {
        var (built, text) = Run(root, "build", "tests/NetStack.Tests", "-nologo", "-v", "q");
        Assert.True(built, text);
        return Run(root, "test", "tests/NetStack.Tests", "--no-build", "-nologo", "--filter", "FullyQualifiedName~Scripts|FullyQualifiedName~Simulation").Succeeded;
    }

    private static (bool Succeeded, string Output) Run(string root, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = root, RedirectStandardOutput = true };
        start.Environment.Remove("KEYHOLE_LONG");
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEndAsync();

        // A mutant that never comes to an end is noticed, too.
        if (!process.WaitForExit(TimeSpan.FromMinutes(5)))
        {
            process.Kill(entireProcessTree: true);
            return (false, "It never came to an end.");
        }

        return (process.ExitCode == 0, text.GetAwaiter().GetResult());
    }

    private static void Copy(string from, string to)
    {
        foreach (string name in new[] { ".editorconfig", "BannedSymbols.txt", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", "tests/Directory.Build.props" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(to, name))!);
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }

        foreach (string folder in new[] { "src/Packets", "src/NetStack", "src/Net", "tests/Lab", "tests/NetStack.Tests" })
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(from, folder), "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Relay.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not lie in the tree.");
    }
}
