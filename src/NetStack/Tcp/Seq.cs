namespace Keyhole.NetStack;

/// <summary>Comparison of sequence numbers and timestamps modulo 2^32 (RFC 9293 section 3.4, RFC 7323 section 5.2).</summary>
internal static class Seq
{
    public static bool Less(uint left, uint right) => (int)(left - right) < 0;

    public static bool LessOrEqual(uint left, uint right) => (int)(left - right) <= 0;

    public static bool Greater(uint left, uint right) => (int)(left - right) > 0;

    public static bool GreaterOrEqual(uint left, uint right) => (int)(left - right) >= 0;

    public static uint Max(uint left, uint right) => Less(left, right) ? right : left;

    public static uint Min(uint left, uint right) => Less(left, right) ? left : right;

    /// <summary>How far <paramref name="to"/> lies after <paramref name="from"/>; negative when before.</summary>
    public static int Distance(uint from, uint to) => (int)(to - from);
}
