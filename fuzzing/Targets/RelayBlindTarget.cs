namespace Keyhole.Fuzz;

/// <summary>
/// A program of datagrams between agents behind a relay: handshakes and data forged by public keys alone, from agents' addresses and a stranger's, with time and
/// grants in between. Nothing goes where no grant leads, and nothing is changed on its way.
/// </summary>
internal sealed class RelayBlindTarget : IFuzzTarget
{
    private const int MostOperations = 120;

    public string Name => "relay-blind";

    public string Door => "operation sequences on RelayState: forged handshakes, cookies and data between agents, time, grants";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            // From the laptop (0) to the office (2), which answers with index 5; data both ways.
            byte[] session = [0, 0, 2, 3, 1, 2, 0, 5, 3, 3, 0, 5, 64, 3, 2, 3, 64];
            yield return ("session", session);
            yield return ("session-of-a-stock-connector", [0, 3, 1, 3, 1, 1, 3, 5, 3, 1, 3, 16, 3, 3, 5, 16]);
            yield return ("cookie-reply", [0, 1, 3, 3, 2, 3, 3]);
            yield return ("index-of-another", [.. session, 0, 1, 2, 3, 1, 2, 1, 5]);
            yield return ("forged-responses", [0, 0, 2, 3, 1, 2, 0, 1, 3, 1, 2, 0, 2, 3, 1, 2, 0, 3, 3, 1, 2, 0, 4, 3, 1, 2, 0, 5, 3]);
            yield return ("stranger", [.. session, 0, 4, 2, 3, 1, 4, 0, 5, 3, 3, 4, 5, 64]);
            yield return ("revoked", [.. session, 6, 0, 0, 3, 0, 5, 64, 3, 2, 3, 64]);
            yield return ("revoked-in-between", [0, 0, 2, 3, 6, 0, 0, 1, 2, 0, 5, 3]);
            yield return ("entries-end", [.. session, 5, 0, 0, 190, 0, 3, 0, 5, 64]);
            yield return ("many-initiations", [.. Enumerable.Range(0, 40).SelectMany(i => new byte[] { 0, (byte)(i & 1), (byte)(2 + (i >> 1 & 1)), (byte)i })]);
            foreach (var (name, datagram) in new WireGuardDatagramTarget().Seeds)
                yield return ($"raw-{name}", [.. session, 4, 0, .. OperationReader.WriteBlock(datagram)]);
        }
    }

    public ulong Run(Span<byte> input)
    {
        using var rig = new RelayBlindRig();
        var reader = new OperationReader(input);
        for (int i = 0; i < MostOperations && !reader.IsEmpty; i++)
            rig.Step(ref reader);
        return rig.Outcome;
    }
}
