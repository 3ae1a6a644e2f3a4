namespace Keyhole.Control;

/// <summary>One notification from one server to all others on the same database; sent at least once a second.</summary>
/// <param name="Server">Chosen at random when the process starts.</param>
/// <param name="Asks">The sender has just come to know somebody: tell it about all agents.</param>
/// <param name="Leaves">The sender stops.</param>
internal sealed record SiblingMessage(string Server, bool Asks, bool Leaves, IReadOnlyList<SiblingAgent> Agents);
