namespace Keyhole.Control;

/// <summary>A question from one server to another, or its answer.</summary>
/// <param name="From">The server that sends it.</param>
/// <param name="To">The server that it is for.</param>
/// <param name="Id">Of the question: the answer repeats it.</param>
/// <param name="Box">What is asked or answered, sealed with the key that the servers share: the database that carries it cannot make one up.</param>
internal sealed record SiblingCall(string From, string To, string Id, bool IsAnswer, string Box);
