namespace Keyhole.Packets.Tests;

internal sealed class NaiveTcpOptions
{
    public ushort? Mss { get; private set; }

    public byte? Shift { get; private set; }

    public bool SackPermitted { get; private set; }

    public (uint Value, uint Echo)? Timestamps { get; private set; }

    public List<(uint Left, uint Right)> Blocks { get; private set; } = [];

    public static bool TryParse(byte[] bytes, out NaiveTcpOptions? options)
    {
        var read = new NaiveTcpOptions();
        options = null;
        for (int at = 0; at < bytes.Length;)
        {
            if (bytes[at] == 0)
                break;
            if (bytes[at] == 1)
            {
                at++;
                continue;
            }

            if (at + 1 == bytes.Length || bytes[at + 1] < 2 || at + bytes[at + 1] > bytes.Length)
                return false;
            uint Word(int offset) => (uint)(bytes[at + offset] << 24 | bytes[at + offset + 1] << 16 | bytes[at + offset + 2] << 8 | bytes[at + offset + 3]);
            switch (bytes[at], bytes[at + 1])
            {
                case (2, 4):
                    read.Mss = (ushort)(bytes[at + 2] << 8 | bytes[at + 3]);
                    break;
                case (3, 3):
                    read.Shift = bytes[at + 2];
                    break;
                case (4, 2):
                    read.SackPermitted = true;
                    break;
                case (8, 10):
                    read.Timestamps = (Word(2), Word(6));
                    break;
                case (5, 10 or 18 or 26 or 34):
                    read.Blocks = [];
                    for (int offset = 2; offset < bytes[at + 1]; offset += 8)
                        read.Blocks.Add((Word(offset), Word(offset + 4)));
                    break;
            }

            at += bytes[at + 1];
        }

        options = read;
        return true;
    }
}
