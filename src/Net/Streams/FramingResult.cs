namespace Keyhole.Net;

/// <summary>Why reading datagrams out of a stream stopped.</summary>
public enum FramingResult
{
    /// <summary>No whole datagram is left; the rest of the next one is still to come.</summary>
    NeedsMore,

    /// <summary>The batch takes no more.</summary>
    BatchFull,

    /// <summary>A length is 0 or beyond the limit: the other end speaks something else, and the stream is worth nothing any more.</summary>
    Broken,
}
