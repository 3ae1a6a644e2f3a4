using System.Runtime.CompilerServices;

namespace Keyhole.Contracts;

/// <summary>
/// Addresses at which an agent may be reached past the relay (docs/protocol.md, rule 17), best first. With the one that the relay sees they are at most
/// eight.
/// </summary>
public struct SessionCandidates : IEquatable<SessionCandidates>
{
    /// <summary>What a message has room for.</summary>
    public const int MaximumCount = 7;

    /// <summary>Bytes in a message, whatever the count.</summary>
    public const int Length = MaximumCount * SessionEndpoint.Length;

    private Endpoints _endpoints;

    /// <summary>One of <see cref="MaximumCount"/>; behind the last they are none.</summary>
    public SessionEndpoint this[int index]
    {
        readonly get => _endpoints[index];
        set => _endpoints[index] = value;
    }

    public static bool operator ==(SessionCandidates left, SessionCandidates right) => left.Equals(right);

    public static bool operator !=(SessionCandidates left, SessionCandidates right) => !left.Equals(right);

    public readonly bool Equals(SessionCandidates other)
    {
        ReadOnlySpan<SessionEndpoint> own = _endpoints;
        return own.SequenceEqual(other._endpoints);
    }

    public override readonly bool Equals(object? obj) => obj is SessionCandidates other && Equals(other);

    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var endpoint in _endpoints)
            hash.Add(endpoint);
        return hash.ToHashCode();
    }

    internal static SessionCandidates Read(ReadOnlySpan<byte> source)
    {
        var candidates = new SessionCandidates();
        for (int index = 0; index < MaximumCount; index++)
            candidates[index] = SessionEndpoint.Read(source[(index * SessionEndpoint.Length)..]);
        return candidates;
    }

    internal readonly void Write(Span<byte> destination)
    {
        for (int index = 0; index < MaximumCount; index++)
            this[index].Write(destination[(index * SessionEndpoint.Length)..]);
    }

    [InlineArray(MaximumCount)]
    private struct Endpoints
    {
        private SessionEndpoint _first;
    }
}
