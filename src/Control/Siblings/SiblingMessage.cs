namespace Keyhole.Control;

/// <summary>One notification from one server to all others on the same database; sent at least once a second.</summary>
/// <param name="Server">Chosen at random when the process starts.</param>
/// <param name="Asks">The sender has just come to know somebody: tell it about all agents.</param>
/// <param name="Leaves">The sender stops.</param>
/// <param name="Begins">From this one to the next that <paramref name="Ends"/>, the sender tells of all agents that it has.</param>
/// <param name="Ends">Agents of the sender that were not told of since it began are not connected to it any more.</param>
internal sealed record SiblingMessage(string Server, bool Asks, bool Leaves, bool Begins, bool Ends, IReadOnlyList<SiblingAgent> Agents);
