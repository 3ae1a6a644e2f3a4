using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A fact that also needs systemd-resolved. Where it is not to be had the fact is skipped, also when the lab is required.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResolvedFactAttribute : LabFactAttribute
{
    public ResolvedFactAttribute() : base("getent", "setpriv", "dbus-daemon", "unshare", "nsenter")
    {
        if (SystemdResolved.Program is null)
            Skip = "needs systemd-resolved: ./test unpacks it where apt-get has it";
    }
}
