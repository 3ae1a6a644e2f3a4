namespace Keyhole.Control;

internal enum SessionKind
{
    /// <summary>A cookie. Unused for half a day it is over.</summary>
    Browser,

    /// <summary>The token of "keyhole login" on one machine, which its devices live by.</summary>
    CommandLine,
}
