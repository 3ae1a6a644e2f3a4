using Keyhole.Net;

namespace Keyhole.Client;

/// <summary>Who waits for a <see cref="DirectDial"/>: exactly one of the two is called, unless it was cancelled.</summary>
internal interface IDirectOwner
{
    /// <summary>The target has answered; the socket is the owner's.</summary>
    void OnDirect(NonBlockingSocket socket);

    void OnDirectRefused(SocksReply reason);
}
