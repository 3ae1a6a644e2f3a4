using Keyhole.Lab;

namespace Keyhole.WireGuard.Tests;

[Trait("Threat", "15")]
public class InteropCookieTests
{
    [LabFact("wireguard-go", "wg")]
    public void Stock_takes_our_cookie_and_comes_back_with_mac2()
    {
        using var lab = new StockPeer(loadPolicy: LoadPolicy.Always);
        // Its first initiation is answered with a cookie; it retries after REKEY_TIMEOUT, five seconds.
        Assert.True(lab.PingFromStock("10.9.0.1", milliseconds: 20_000));
        Assert.Equal([MessageType.HandshakeInitiation, MessageType.HandshakeInitiation], lab.Node.Do(_ => lab.Node.Handshakes.ToArray()));
        Assert.Equal(1, lab.Node.Do(device => device.DropCount(DropReason.CookieRequired)));
    }

    [LabFact("wireguard-go", "wg")]
    public void We_take_the_cookie_of_a_stock_node_under_load()
    {
        using var lab = new StockPeer(stockKnowsUs: false);
        using (new InitiationFlood(lab))
        {
            for (int round = 0; round < 40 && !lab.Node.Do(_ => lab.Node.Handshakes.Contains(MessageType.CookieReply)); round++)
            {
                lab.Node.Do(device =>
                {
                    device.InitiateHandshake(lab.Peer, lab.StockEndpoint, SocketNode.Now);
                    return true;
                });
                Thread.Sleep(500);
            }
        }

        Assert.Contains(MessageType.CookieReply, lab.Node.Do(_ => lab.Node.Handshakes.ToArray()));
        InteropTests.Ping(lab, StockPeer.OurInner4, StockPeer.StockInner4, 4);
        Assert.Contains(MessageType.HandshakeResponse, lab.Node.Do(_ => lab.Node.Handshakes.ToArray()));
    }
}
