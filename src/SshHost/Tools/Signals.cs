using System.Runtime.InteropServices;

namespace Keyhole.SshHost;

/// <summary>kill(2).</summary>
internal static class Signals
{
    public const int Hangup = 1;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>False when the process is gone.</summary>
    public static bool Send(int process, int signal) => process > 1 && KillCore(process, signal) == 0;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int KillCore(int process, int signal);
}
