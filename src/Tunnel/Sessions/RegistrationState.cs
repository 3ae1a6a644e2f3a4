namespace Keyhole.Tunnel;

/// <summary>
/// A relay session by what the data path has shown.
/// <code>
/// NoEndpoint --endpoint known--> Registering --session--> Greeting --hello answered--> Live
/// Live --two pings lost--> Silent --padded ping lost--> Registering
/// </code>
/// </summary>
public enum RegistrationState
{
    /// <summary>Control has not said the relay's key or address, or its name does not resolve.</summary>
    NoEndpoint,

    /// <summary>Handshake initiations go out; nothing has come back.</summary>
    Registering,

    /// <summary>A session stands; the hello is on its way.</summary>
    Greeting,

    /// <summary>The relay has answered lately.</summary>
    Live,

    /// <summary>The relay has stopped answering; the session is being tried.</summary>
    Silent,
}
