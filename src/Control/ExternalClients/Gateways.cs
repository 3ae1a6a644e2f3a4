namespace Keyhole.Control;

/// <summary>The relays that the configuration of a stock app can name.</summary>
internal static class Gateways
{
    /// <summary>Those whose key is known. For a sealed client any will do, since it opens nothing.</summary>
    public static IReadOnlyList<Relay> Of(NetworkState state, bool isSealed) =>
        [.. state.Relays.Where(relay => relay.PublicKey is not null && (isSealed || relay.Gateway))];

    /// <exception cref="OperatorException">There is none: what to do.</exception>
    public static Relay First(NetworkState state, bool isSealed)
    {
        if (Of(state, isSealed) is [var first, ..])
            return first;
        var candidates = state.Relays.Where(relay => isSealed || relay.Gateway).ToList();
        throw new OperatorException(candidates.Count > 0
            ? $"the relay {candidates[0].Name} has never connected, its public key is not known yet: start keyhole-relay with the ID and secret of \"keyhole-control credentials relay {candidates[0].Name}\""
            : isSealed ? "there is no relay: add one in the network file and apply"
            : "no relay has \"gateway: true\": stock WireGuard apps enter through a gateway; set it on a relay in the network file and apply");
    }
}
