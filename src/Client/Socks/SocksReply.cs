namespace Keyhole.Client;

/// <summary>How a request went (RFC 1928 section 6).</summary>
internal enum SocksReply : byte
{
    Succeeded = 0,
    GeneralFailure = 1,

    /// <summary>The target was not granted.</summary>
    NotAllowed = 2,

    NetworkUnreachable = 3,
    HostUnreachable = 4,
    ConnectionRefused = 5,

    /// <summary>The target did not answer in time.</summary>
    TtlExpired = 6,

    CommandNotSupported = 7,
    AddressTypeNotSupported = 8,
}
