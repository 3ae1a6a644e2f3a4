namespace Keyhole.Control;

/// <summary>What a route asks of its caller.</summary>
internal enum RequirementKind
{
    /// <summary>Nothing: everybody, or whoever the route itself checks (agents, setup, login).</summary>
    Anonymous,

    /// <summary>The login session of an account. API keys are refused: they belong to an organisation, not to a person.</summary>
    Login,

    /// <summary>The login session of an account that administers the server.</summary>
    ServerAdmin,

    /// <summary>The login session of a user of the organisation in the address.</summary>
    Member,

    /// <summary>A permission in the organisation in the address, by session or API key.</summary>
    Permission,
}
