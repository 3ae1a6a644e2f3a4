namespace Keyhole.Fuzz;

/// <summary>
/// A program for a relay, a stock app, a connector and a stranger: packets and control messages inside the sessions are the
/// input's, datagrams outside of them as well. What nobody authenticated is answered with no more bytes than it had and is
/// forwarded nowhere; what is forwarded goes to an agent's own address.
/// </summary>
internal sealed class RelayTarget : IFuzzTarget
{
    private const int MostOperations = 40;

    public string Name => "relay";

    public string Door => "operation sequences on RelayState: agents' packets and messages, strangers' datagrams, tables, time";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            byte[] request = SamplePackets.Udp(false, 53, [1, 2, 3]);
            // From the target back to the client: addresses and ports the other way round.
            byte[] answer = [.. request];
            request.AsSpan(16, 4).CopyTo(answer.AsSpan(12));
            request.AsSpan(12, 4).CopyTo(answer.AsSpan(16));
            (answer[20], answer[21], answer[22], answer[23]) = (request[22], request[23], request[20], request[21]);
            yield return ("client-asks-target-answers", [0, .. OperationReader.WriteBlock(request), 1, .. OperationReader.WriteBlock(answer)]);
            foreach (var (name, packet) in SamplePackets.All)
                yield return ($"client-{name}", [0, .. OperationReader.WriteBlock(packet)]);
            foreach (var (name, message) in new SessionMessageTarget().Seeds)
                yield return ($"connector-{name}", [1, .. OperationReader.WriteBlock(message), 0, .. OperationReader.WriteBlock(request)]);
            foreach (var (name, datagram) in new WireGuardDatagramTarget().Seeds)
                yield return ($"stranger-{name}", [2, 9, .. OperationReader.WriteBlock(datagram)]);
            yield return ("client-roams", [3, 7, .. OperationReader.WriteBlock(request), 0, .. OperationReader.WriteBlock(request)]);
            yield return ("replayed-elsewhere", [0, .. OperationReader.WriteBlock(request), 4, 9]);
            yield return ("revoked", [0, .. OperationReader.WriteBlock(request), 6, 0, .. OperationReader.WriteBlock(request), 6]);
            yield return ("minutes-pass", [5, 1, 44, 0, .. OperationReader.WriteBlock(request), 5, 0, 30]);
        }
    }

    public void Repair(Span<byte> input)
    {
        // The first packet from inside a session is made valid.
        if (input.Length < 3 || input[0] % RelayRig.OperationCount > 1)
            return;
        int length = Math.Min(input[1] << 8 | input[2], input.Length - 3);
        SamplePackets.Repair(input.Slice(3, length));
    }

    public ulong Run(Span<byte> input)
    {
        using var rig = new RelayRig();
        var reader = new OperationReader(input);
        for (int i = 0; i < MostOperations && !reader.IsEmpty; i++)
            rig.Step(ref reader);
        return rig.Outcome;
    }
}
