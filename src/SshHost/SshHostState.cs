namespace Keyhole.SshHost;

/// <summary>What a host shows of itself once it is what its row says.</summary>
/// <param name="HostKeys">Public keys of the host's SSH server in the form of authorized_keys, without comment.</param>
/// <param name="Trusted">Those of the row's trusted keys that are in force.</param>
/// <param name="Pin">Of a daemon behind HTTPS: SHA-256 of its certificate's SubjectPublicKeyInfo in base64; else null.</param>
public sealed record SshHostState(IReadOnlyList<string> HostKeys, IReadOnlyList<string> Trusted, string? Pin);
