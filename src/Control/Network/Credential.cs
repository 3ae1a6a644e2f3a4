namespace Keyhole.Control;

/// <summary>What is stored of an ID and its secret. An agent may have several.</summary>
/// <param name="Id">The public half; it stays the same when the secret is replaced at once.</param>
/// <param name="Hash">Base64 of <see cref="AgentSecret.Hash"/>.</param>
internal sealed record Credential(string Id, Agent Agent, string Hash, DateTimeOffset CreatedAt)
{
    /// <summary>The login session of which a device's credential is a part; null for all others.</summary>
    public long? Session { get; init; }

    /// <summary>
    /// The static key that the agent told last when it dialled by this, base64 of 32 bytes; null while it has not. Whoever holds the secret may tell a key of
    /// their own: it is good as long as a credential that told it.
    /// </summary>
    public string? PublicKey { get; init; }

    /// <summary>From this instant on it is refused; null for one that stays.</summary>
    public DateTimeOffset? Expires { get; init; }
}
