using System.Diagnostics.CodeAnalysis;

namespace Keyhole.Packets;

/// <summary>The caller's faults.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void TooShort(string parameter, int needed) =>
        throw new ArgumentException($"The span is too short: {needed} bytes are needed.", parameter);

    [DoesNotReturn]
    public static void MixedFamilies() =>
        throw new ArgumentException("Source and destination are not of one address family.");

    [DoesNotReturn]
    public static void Ownership(string rule) => throw new InvalidOperationException(rule);
}
