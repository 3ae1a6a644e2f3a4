using Keyhole.Edge;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>A data thread with the sessions of a client. Where packets come from and go to is the mode's.</summary>
internal abstract class ClientThread : PacketThread
{
    protected ClientThread(Func<DatagramOut, ClientState> state) => State = state(Out);

    public ClientState State { get; }

    protected override long NextDeadline => State.NextDeadline;

    protected override void StreamChanged(in IpEndpoint endpoint, bool isOpen, long now)
    {
        if (isOpen)
            State.StreamOpened(endpoint, now);
        else
            State.StreamClosed(endpoint, now);
    }

    protected override void Tick(long now)
    {
        if (now >= State.NextDeadline)
            State.Tick(now);
    }

    protected override void Flush(long now) => State.Flush(now);

    protected override void Dispose(bool disposing)
    {
        State.Dispose();
        base.Dispose(disposing);
    }
}
