using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>The account that a person is about to log in to. What it may do is what the row of the host says.</summary>
/// <param name="User">The user's identifier in the organisation: the account stays with it for ever.</param>
/// <param name="Name">The account's name, if nobody on the host has it.</param>
/// <param name="Identity">Who it is, for people who read the host's files: an e-mail address.</param>
/// <param name="Shell">A path; null for the host's default.</param>
/// <param name="Home">The directory that holds the home directory; null for the host's default.</param>
/// <param name="PasswordKey">X25519 public key in base64, to which a new random password is sealed; null: the account gets no password.</param>
public sealed record SshAccountOrder(
    int User,
    string Name,
    string Identity,
    string? Shell,
    string? Home,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? PasswordKey = null);
