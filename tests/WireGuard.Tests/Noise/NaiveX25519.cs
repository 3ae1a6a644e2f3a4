using System.Numerics;

namespace Keyhole.WireGuard.Tests;

/// <summary>X25519 written down from RFC 7748 section 5, with integers of any size.</summary>
internal static class NaiveX25519
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;

    public static byte[] PublicKey(byte[] privateKey) => Agree(privateKey, [9, .. new byte[31]]);

    public static byte[] Agree(byte[] privateKey, byte[] point)
    {
        byte[] scalar = [.. privateKey];
        scalar[0] &= 248;
        scalar[31] = (byte)((scalar[31] & 127) | 64);
        byte[] masked = [.. point];
        masked[31] &= 127;
        var k = new BigInteger(scalar, isUnsigned: true);
        var u = new BigInteger(masked, isUnsigned: true) % P;

        BigInteger x1 = u, x2 = 1, z2 = 0, x3 = u, z3 = 1;
        bool swap = false;
        for (int t = 254; t >= 0; t--)
        {
            bool bit = !((k >> t) & 1).IsZero;
            if (swap ^ bit)
                (x2, x3, z2, z3) = (x3, x2, z3, z2);
            swap = bit;
            var a = Mod(x2 + z2);
            var aa = Mod(a * a);
            var b = Mod(x2 - z2);
            var bb = Mod(b * b);
            var e = Mod(aa - bb);
            var c = Mod(x3 + z3);
            var d = Mod(x3 - z3);
            var da = Mod(d * a);
            var cb = Mod(c * b);
            x3 = Mod((da + cb) * (da + cb));
            z3 = Mod(x1 * Mod((da - cb) * (da - cb)));
            x2 = Mod(aa * bb);
            z2 = Mod(e * (aa + 121665 * e));
        }

        if (swap)
            (x2, z2) = (x3, z3);
        byte[] result = new byte[32];
        Mod(x2 * BigInteger.ModPow(z2, P - 2, P)).TryWriteBytes(result, out _, isUnsigned: true);
        return result;
    }

    private static BigInteger Mod(BigInteger value)
    {
        var rest = BigInteger.Remainder(value, P);
        return rest.Sign < 0 ? rest + P : rest;
    }
}
