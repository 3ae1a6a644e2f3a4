using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// Keeps initiations from costing a responder more than it can compute (docs/protocol.md, rule 11). Behind a relay all initiators have one source, so the
/// relay does what the responder cannot: for our programs it issues the cookies and checks mac2. A stock node would answer with cookies of its own once
/// one source sends 20 per second, so it gets fewer.
/// </summary>
internal sealed class ResponderGuard : IDisposable
{
    private const int StockPerSecond = 15;
    private const int StockPerSecondAndInitiator = 2;
    private const long Second = 1_000_000;

    private readonly bool _isStock;
    private readonly PublicKey _publicKey;
    private readonly RandomSource _random;
    private readonly LoadGauge _load;
    private TokenBucket _stockBucket = new(capacity: StockPerSecond, perSecond: StockPerSecond);
    private CookieChecker? _cookies;

    public ResponderGuard(AgentSlot responder, LoadPolicy policy, RandomSource random)
    {
        _isStock = responder.Row.Stock;
        _publicKey = responder.Peer.PublicKey;
        _random = random;
        _load = new LoadGauge(policy);
    }

    /// <param name="recentOfPair">Initiations of this initiator in the last second that were admitted.</param>
    public Admission Admit(ReadOnlySpan<byte> initiation, in IpEndpoint source, int recentOfPair, long now)
    {
        if (_isStock)
            return recentOfPair < StockPerSecondAndInitiator && _stockBucket.TryTake(now) ? Admission.Admitted : Admission.Refused;
        return !_load.Count(now) || _cookies?.CheckMac2(initiation, source, now) == true ? Admission.Admitted : Admission.CookieRequired;
    }

    /// <summary>Writes the 64-byte cookie reply that the responder would send.</summary>
    public void WriteCookieReply(ReadOnlySpan<byte> initiation, in IpEndpoint source, Span<byte> reply, long now)
    {
        _cookies ??= new CookieChecker(_publicKey, _random);
        _cookies.WriteReply(initiation, source, reply, now);
    }

    public void Dispose() => _cookies?.Dispose();
}
