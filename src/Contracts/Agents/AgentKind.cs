namespace Keyhole.Contracts;

/// <summary>Which program speaks. Control holds it against the kind of the credential.</summary>
public enum AgentKind
{
    Relay,
    Connector,
    Machine,
    Device,
}
