namespace Keyhole.Perf;

/// <summary>One way from the phone to the server.</summary>
/// <param name="Name">As the rows call it.</param>
/// <param name="Target">The address that the phone connects to.</param>
/// <param name="Port">Of iperf3's server, there.</param>
/// <param name="Processes">Whose processor time belongs to the path: a name, and nanoseconds so far.</param>
internal sealed record FlowPath(string Name, string Target, int Port, params (string Name, Func<long> Time)[] Processes);
