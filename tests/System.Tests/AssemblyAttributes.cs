using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]
// Two at a time are what the smallest machine carries: most of their time they wait.
[assembly: CollectionBehavior("Keyhole.System.Tests.TestOrder", "Keyhole.System.Tests", MaxParallelThreads = 2)]
