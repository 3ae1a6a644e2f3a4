namespace Keyhole.Contracts;

public enum RefusalReason
{
    /// <summary>The ID is unknown or the secret is wrong. Usually said as HTTP 401 before the WebSocket opens.</summary>
    Credential,

    /// <summary>The credential belongs to another kind of agent.</summary>
    Kind,

    /// <summary>The message was not valid here.</summary>
    Message,

    /// <summary>A newer connection with the same ID took over.</summary>
    Replaced,

    /// <summary>The credential was revoked or its object deleted.</summary>
    Revoked,
}
