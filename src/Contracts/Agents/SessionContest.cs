namespace Keyhole.Contracts;

/// <summary>Two devices use one key: the addresses between which its session last went to and fro.</summary>
/// <param name="At">Milliseconds since 1970-01-01 UTC.</param>
public sealed record SessionContest(string First, string Second, long At);
