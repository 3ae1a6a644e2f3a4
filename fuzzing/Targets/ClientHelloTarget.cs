using System.Buffers.Binary;
using Keyhole.Relay;

namespace Keyhole.Fuzz;

/// <summary>The first bytes of a TCP connection: cut anywhere, the verdict over a beginning never contradicts the one over more of it.</summary>
internal sealed class ClientHelloTarget : IFuzzTarget
{
    private static readonly byte[] Protocol = "keyhole"u8.ToArray();

    public string Name => "client-hello";

    public string Door => "the first bytes of a TCP connection to ClientHello.Read";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            byte[] hello = Hello(["keyhole"]);
            yield return ("keyhole", hello);
            yield return ("browser", Hello(["h2", "http/1.1"]));
            yield return ("no-alpn", Hello([]));
            yield return ("two-records", [22, 3, 1, 0, 20, .. hello.AsSpan(5, 20), 22, 3, 1, 0, (byte)(hello.Length - 25), .. hello.AsSpan(25)]);
        }
    }

    public void Repair(Span<byte> input)
    {
        if (input.Length < 9)
            return;
        input[0] = 22;
        input[1] = 3;
        if (input[3] < 8)
            BinaryPrimitives.WriteUInt16BigEndian(input[3..], (ushort)(input.Length - 5));
        input[5] = 1;
        input[6] = 0;
    }

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        var whole = ClientHello.Read(input, Protocol);
        outcome.Add((long)whole);
        foreach (int length in new[] { input.Length / 2, input.Length - 1 })
        {
            if (length < 0)
                continue;
            var beginning = ClientHello.Read(input[..length], Protocol);
            outcome.Add((long)beginning);

            // What was decided stays decided, but for bytes behind the message.
            Promise.Holds(beginning == ClientHelloResult.NeedsMore || beginning == whole);
        }

        return outcome.Value;
    }

    private static byte[] Hello(string[] protocols)
    {
        byte[] names = [.. protocols.SelectMany(name => (byte[])[(byte)name.Length, .. name.Select(letter => (byte)letter)])];
        byte[] alpn = protocols.Length == 0 ? [] : [0, 16, .. Vector([.. Vector(names)])];
        byte[] extensions = [0, 43, 0, 3, 2, 3, 4, .. alpn];
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, .. Vector(extensions)];
        byte[] message = [1, 0, .. Vector(body)];
        return [22, 3, 1, .. Vector(message)];
    }

    private static byte[] Vector(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
}
