using System.Diagnostics.CodeAnalysis;

namespace Keyhole.Cryptography;

/// <summary>The caller's faults.</summary>
internal static class Throw
{
    internal static void UnlessLength(int actual, int expected, string name)
    {
        if (actual != expected)
            WrongLength(expected, name);
    }

    internal static void IfShorter(int actual, int least, string name)
    {
        if (actual < least)
            TooShort(least, name);
    }

    [DoesNotReturn]
    internal static void WrongLength(int expected, string name) =>
        throw new ArgumentException($"Must be {expected} bytes long.", name);

    [DoesNotReturn]
    internal static void TooShort(int least, string name) =>
        throw new ArgumentException($"Must be at least {least} bytes long.", name);

    [DoesNotReturn]
    internal static void OutOfRange(string name, string message) =>
        throw new ArgumentOutOfRangeException(name, message);
}
