namespace Keyhole.Control;

/// <summary>More logins wait than the server lets wait. The next try may come in a few seconds.</summary>
internal sealed class LoginBusyException() : Exception("too many logins at once; try again in a few seconds");
