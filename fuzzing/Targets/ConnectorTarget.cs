namespace Keyhole.Fuzz;

/// <summary>
/// A program for a connector and a relay that holds its session and lies: any payload inside the session, any datagram beside
/// it, tables, time. A packet comes out only for a client that was granted, with that client's number; what nobody
/// authenticated is answered with no more bytes than it had.
/// </summary>
internal sealed class ConnectorTarget : IFuzzTarget
{
    private const int MostOperations = 40;

    public string Name => "connector";

    public string Door => "operation sequences on ConnectorState and AccessRules: a relay's payloads, strangers' datagrams, tables, time";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            foreach (var (name, packet) in SamplePackets.All)
                yield return ($"client-{name}", [0, .. OperationReader.WriteBlock(packet), 3, 100]);
            foreach (var (name, message) in new SessionMessageTarget().Seeds)
                yield return ($"relay-{name}", [0, .. OperationReader.WriteBlock(message)]);
            foreach (var (name, datagram) in new WireGuardDatagramTarget().Seeds)
            {
                yield return ($"stranger-{name}", [1, .. OperationReader.WriteBlock(datagram)]);
                yield return ($"relay-address-{name}", [2, .. OperationReader.WriteBlock(datagram)]);
            }

            byte[] request = OperationReader.WriteBlock(SamplePackets.Udp(false, 53, [1]));
            yield return ("revoked", [0, .. request, 4, 0, .. request, 3, 10, 4, 0, .. request]);
            yield return ("silent-relay", [6, 5, 0, 60, 6, 5, 0, 60, 0, .. request]);
            yield return ("drained", [7, 0, .. request, 5, 0, 5]);
        }
    }

    public void Repair(Span<byte> input)
    {
        if (input.Length < 3 || input[0] % ConnectorRig.OperationCount != 0)
            return;
        int length = Math.Min(input[1] << 8 | input[2], input.Length - 3);
        SamplePackets.Repair(input.Slice(3, length));
    }

    public ulong Run(Span<byte> input)
    {
        using var rig = new ConnectorRig();
        var reader = new OperationReader(input);
        for (int i = 0; i < MostOperations && !reader.IsEmpty; i++)
            rig.Step(ref reader);
        return rig.Outcome;
    }
}
