using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>A daemon on another host is somebody else: what it says goes on to Control in bounds only.</summary>
internal static class SshAnswers
{
    private const int MaximumHostKeys = 16;
    private const int MaximumKeyLength = 8 * 1024;
    private const int MaximumPrincipalLength = 256;
    private const int MaximumSealedLength = 1024;
    private const int MaximumTextLength = 500;
    private const int PinLength = 32;

    /// <summary>The state with what belongs to the row.</summary>
    /// <exception cref="AuthDaemonException">No daemon of ours says this.</exception>
    public static SshHostState Check(SshHostState state, SshRow row)
    {
        if (state.HostKeys.Count > MaximumHostKeys || state.HostKeys.Any(key => key.Length > MaximumKeyLength || key.Any(char.IsControl)))
            throw new AuthDaemonException("The auth daemon shows host keys that no SSH server has.");
        if (state.Pin is { } pin && !(Convert.TryFromBase64String(pin, new byte[PinLength + 1], out int length) && length == PinLength))
            throw new AuthDaemonException("The auth daemon's certificate has no proper pin.");
        return new SshHostState([.. state.HostKeys], [.. row.Trusted.Where(state.Trusted.Contains)], row.Daemon is null ? null : state.Pin);
    }

    /// <summary>The account as it is.</summary>
    /// <exception cref="AuthDaemonException">No daemon of ours says this.</exception>
    public static SshAccount Check(SshAccount account) =>
        IsShort(account.Name, SshAccount.MaximumNameLength) && IsShort(account.Principal, MaximumPrincipalLength) && account.SealedPassword is not { Length: > MaximumSealedLength }
            ? account
            : throw new AuthDaemonException("The auth daemon answers with an account that no host has.");

    /// <summary>One line of bounded length.</summary>
    public static string Line(string text)
    {
        string line = AgentProgram.Shown(text.Trim());
        return line.Length <= MaximumTextLength ? line : line[..(MaximumTextLength - 1)] + "…";
    }

    private static bool IsShort(string text, int maximum) => text.Length > 0 && text.Length <= maximum && !text.Any(char.IsControl);
}
