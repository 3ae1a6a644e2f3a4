namespace Keyhole.Control;

internal enum LoginRefusal
{
    /// <summary>E-mail address, password or second factor: it is not said which.</summary>
    Wrong,

    /// <summary>The password is right; the account has a second factor, and none was given.</summary>
    SecondFactor,

    /// <summary>Too many failures: the next try is heard later.</summary>
    Later,
}
