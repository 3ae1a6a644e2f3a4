using System.Diagnostics.CodeAnalysis;

namespace Keyhole.Net;

/// <summary>The system refused what a program needs to start: a port in use, no permission, no such device.</summary>
public sealed class NetworkException : IOException
{
    public NetworkException()
    {
    }

    public NetworkException(string message) : base(message)
    {
    }

    public NetworkException(string message, Exception innerException) : base(message, innerException)
    {
    }

    public NetworkException(string what, SocketFault fault) : base($"{what}: {Reason(fault)}") => Fault = fault;

    public SocketFault Fault { get; }

    // The fault comes first: forming the text may make system calls of its own.
    [DoesNotReturn]
    internal static void Throw(SocketFault fault, string what) => throw new NetworkException(what, fault);

    private static string Reason(SocketFault fault) => fault.Kind switch
    {
        SocketFaultKind.AddressInUse => "the address is in use: another program, or another copy of this one, has this port",
        SocketFaultKind.AddressNotAvailable => "this machine does not have that address",
        SocketFaultKind.AlreadyThere => "another one is there already",
        SocketFaultKind.AccessDenied => $"permission denied (errno {fault.Errno})",
        SocketFaultKind.TooManyFiles => "no file handle is left: raise the limit (ulimit -n, LimitNOFILE)",
        _ => fault.ToString(),
    };
}
