namespace Keyhole.Net;

/// <summary>What an <see cref="EventLoop"/> can wait for. Whoever disposes it removes it from its loop first.</summary>
public interface IPollable
{
    /// <summary>The file descriptor, or the system's socket handle.</summary>
    nint Handle { get; }
}
