using System.Diagnostics;

namespace Keyhole.Architecture.Tests;

public class PromiseTests
{
    [Fact]
    public void The_table_of_covered_promises_is_what_the_traits_say()
    {
        using var process = Process.Start(new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "scripts", "promises")]) { RedirectStandardOutput = true })!;
        string table = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.True(table == File.ReadAllText(Path.Combine(Repository.Root, "docs", "promises.md")), "docs/promises.md is stale: run scripts/promises > docs/promises.md");
    }
}
