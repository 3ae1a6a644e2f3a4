namespace Keyhole.Control;

/// <summary>Says between two forms that the password of an account was right.</summary>
/// <param name="PasswordCheck">Changes with the password.</param>
/// <param name="Expires">In Unix seconds.</param>
internal sealed record LoginTicket(long Account, string PasswordCheck, string Next, long Expires);
