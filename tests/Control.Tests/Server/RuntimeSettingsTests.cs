using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

/// <summary>What the program asks of the runtime: a misspelt property asks for nothing.</summary>
public class RuntimeSettingsTests
{
    private static readonly JsonNode Settings = JsonNode.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "keyhole-control.runtimeconfig.json")))!["runtimeOptions"]!["configProperties"]!;

    [Fact]
    public void The_heap_is_collected_by_one_thread_beside_the_work()
    {
        Assert.True((bool)Settings["System.GC.Concurrent"]!);
        Assert.False((bool)Settings["System.GC.Server"]!);
    }

    [Fact]
    public void Threads_without_work_sleep_at_once() =>
        Assert.Equal(0, (int)Settings["System.Threading.ThreadPool.UnfairSemaphoreSpinLimit"]!);
}
