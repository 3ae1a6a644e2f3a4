using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

/// <summary>What the program asks of the runtime.</summary>
public class CollectorTests
{
    [Fact]
    public void The_heap_is_collected_by_one_thread_beside_the_work()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "keyhole-control.runtimeconfig.json");
        var settings = JsonNode.Parse(File.ReadAllText(file))!["runtimeOptions"]!["configProperties"]!;
        Assert.True((bool)settings["System.GC.Concurrent"]!);
        Assert.False((bool)settings["System.GC.Server"]!);
    }
}
