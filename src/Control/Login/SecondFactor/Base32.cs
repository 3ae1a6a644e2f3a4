namespace Keyhole.Control;

/// <summary>RFC 4648 section 6, without padding, as authenticator apps take keys.</summary>
internal static class Base32
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new System.Text.StringBuilder((bytes.Length * 8 + 4) / 5);
        int bits = 0, count = 0;
        foreach (byte octet in bytes)
        {
            bits = (bits << 8) | octet;
            count += 8;
            while (count >= 5)
                text.Append(Letters[(bits >> (count -= 5)) & 31]);
            bits &= (1 << count) - 1;
        }

        if (count > 0)
            text.Append(Letters[(bits << (5 - count)) & 31]);
        return text.ToString();
    }
}
