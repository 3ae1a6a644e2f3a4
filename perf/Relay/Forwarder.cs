using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>One of those that are compared.</summary>
/// <param name="Target">Where the load sends, ADDRESS:PORT.</param>
/// <param name="Flows">The file of the flows that it knows.</param>
/// <param name="Process">What runs; null for the kernel itself and for the void.</param>
internal sealed record Forwarder(string Name, string Target, string Flows, LabProcess? Process);
