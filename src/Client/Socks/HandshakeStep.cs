namespace Keyhole.Client;

/// <summary>What follows from what a client of the proxy has said so far.</summary>
internal enum HandshakeStep
{
    /// <summary>The message is not whole yet.</summary>
    More,

    /// <summary>The answer is to be sent; the client will go on.</summary>
    Answer,

    /// <summary>The request is whole: <see cref="ProxyHandshake.Request"/>. It is answered once the target has answered.</summary>
    Request,

    /// <summary>The answer, if any, is to be sent and the connection closed.</summary>
    Malformed,

    /// <summary>As <see cref="Malformed"/>: user or password are wrong or missing.</summary>
    Unauthorised,

    /// <summary>As <see cref="Malformed"/>: well-formed, but not offered here.</summary>
    Unsupported,
}
