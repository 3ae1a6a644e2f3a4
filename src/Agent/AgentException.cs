namespace Keyhole.Agent;

/// <summary>The operator can put this right: the message is one clear line, printed without a stack, and the program ends.</summary>
public sealed class AgentException : Exception
{
    public AgentException(string message) : base(message)
    {
    }

    public AgentException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    /// <summary>The agent does not hear this user, however often it is asked.</summary>
    public bool IsForbidden { get; internal init; }
}
