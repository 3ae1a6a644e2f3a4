namespace Keyhole.Control;

/// <summary>When keys run out.</summary>
internal static class KeyTimes
{
    /// <summary>Reads "expires" as network files write it.</summary>
    /// <exception cref="ApiException">It is no time, or is over.</exception>
    public static DateTimeOffset? Read(string? text, DateTimeOffset now)
    {
        if (text is null)
            return null;
        if (!TimeSyntax.TryParse(text, out var expires))
            throw ApiException.Field("expires", "this is no day and no instant with a zone; write a day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z");
        return expires > now ? expires : throw ApiException.Field("expires", "this is over already");
    }

    public static DateTimeOffset? FromColumn(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
