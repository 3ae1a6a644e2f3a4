namespace Keyhole.Packets.Tests;

/// <summary>The question's name and each record's name and data in hexadecimal; null for what must be refused.</summary>
internal static class NaiveDns
{
    public static List<string>? Walk(byte[] message)
    {
        if (message.Length < 12)
            return null;
        int Word(int at) => message[at] * 256 + message[at + 1];
        int questions = Word(4), records = Word(6) + Word(8) + Word(10);
        if (questions > 1 || records > 256)
            return null;
        var found = new List<string>();
        int at = 12;
        for (int i = 0; i < questions; i++)
        {
            if (Name(message, ref at) is not { } name || at + 4 > message.Length)
                return null;
            found.Add(Convert.ToHexString(name));
            at += 4;
        }

        for (int i = 0; i < records; i++)
        {
            if (Name(message, ref at) is not { } name || at + 10 > message.Length || at + 10 + Word(at + 8) > message.Length)
                return null;
            int length = Word(at + 8);
            found.Add(Convert.ToHexString(name) + ":" + Convert.ToHexString(message, at + 10, length));
            at += 10 + length;
        }

        return found;
    }

    private static byte[]? Name(byte[] message, ref int at)
    {
        var bytes = new List<byte>();
        var starts = new List<int> { at };
        int here = at;
        bool jumped = false;
        while (here < message.Length)
        {
            int label = message[here];
            if (label >= 192)
            {
                if (here + 1 == message.Length)
                    return null;
                int target = (label - 192) * 256 + message[here + 1];
                if (!jumped)
                    at = here + 2;
                jumped = true;
                if (starts.Exists(start => target >= start))
                    return null;
                starts.Add(target);
                here = target;
                continue;
            }

            if (label > 63 || here + label >= message.Length)
                return null;
            bytes.AddRange(message[here..(here + label + 1)]);
            if (bytes.Count > 255)
                return null;
            here += label + 1;
            if (label != 0)
                continue;
            if (!jumped)
                at = here;
            return [.. bytes];
        }

        return null;
    }
}
