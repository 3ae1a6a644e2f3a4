namespace Keyhole.Control;

/// <summary>What one Argon2id costs. More memory or passes than those of libsodium's "interactive" (64 MiB, 2 passes) is more work for a thief.</summary>
internal readonly record struct PasswordParameters(int MemoryKibibytes, int PassCount)
{
    public static PasswordParameters Default { get; } = new(64 * 1024, 3);
}
