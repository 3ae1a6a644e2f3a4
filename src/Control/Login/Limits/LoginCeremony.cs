namespace Keyhole.Control;

/// <summary>A login in which nothing is guessed.</summary>
internal enum LoginCeremony
{
    Passkey,
    Provider,
}
