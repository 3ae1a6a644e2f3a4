namespace Keyhole.Net;

/// <summary>What a socket is waited for, or is ready for. A broken or hung-up socket is ready for all that it is waited for: trying tells the fault.</summary>
[Flags]
public enum Readiness
{
    None = 0,
    Read = 1,
    Write = 2,
}
