namespace Keyhole.Relay;

/// <summary>What the first bytes of a connection are.</summary>
internal enum ClientHelloResult
{
    /// <summary>The beginning of a ClientHello, as far as it goes.</summary>
    NeedsMore,

    /// <summary>A whole ClientHello that offers the protocol asked for.</summary>
    Offers,

    /// <summary>A whole ClientHello that does not.</summary>
    OffersOther,

    /// <summary>No TLS, or more than is taken.</summary>
    Refused,
}
