using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]
// Each test lays out a whole internet: two at once would measure each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
