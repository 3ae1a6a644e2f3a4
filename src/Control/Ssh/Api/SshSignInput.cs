namespace Keyhole.Control;

internal sealed record SshSignInput
{
    /// <summary>A resource's alias, name, destination or overlay address.</summary>
    public required string Target { get; init; }

    /// <summary>"ssh-ed25519 AAAA…", or of another type that OpenSSH certifies: the key that the certificate is for. Its private half stays where it was made.</summary>
    public required string PublicKey { get; init; }

    /// <summary>An X25519 public key in base64: the account gets a new random password, which is sealed to it.</summary>
    public string? PasswordKey { get; init; }
}
