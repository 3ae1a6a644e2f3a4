namespace Keyhole.SshHost;

/// <summary>The host cannot do what was asked: the message is one line that says what is wrong and what to do.</summary>
public sealed class AuthDaemonException : Exception
{
    public AuthDaemonException(string message) : base(message)
    {
    }

    public AuthDaemonException(string message, Exception innerException) : base(message, innerException)
    {
    }

    public AuthDaemonException(AuthDaemonFault fault, string message) : base(message) => Fault = fault;

    public AuthDaemonFault Fault { get; }
}
