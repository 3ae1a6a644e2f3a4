using System.Runtime.InteropServices;

namespace Keyhole.Lab;

/// <summary>
/// A fact that needs root, network namespaces and the named programs. Where one is missing it is skipped, and the reason
/// names what is missing; with KEYHOLE_LAB=required it is run and fails instead.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public class LabFactAttribute : FactAttribute
{
    private static readonly string[] SearchPath = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];

    public LabFactAttribute(params string[] programs)
    {
        if (Environment.GetEnvironmentVariable("KEYHOLE_LAB") != "required")
            Skip = Missing(programs);
    }

    /// <summary>What keeps a lab from running here, or null.</summary>
    public static string? Missing(params string[] programs)
    {
        if (!OperatingSystem.IsLinux())
            return "needs Linux network namespaces";
        if (Native.EffectiveUser() != 0)
            return "needs root: network namespaces are made by it";
        var missing = programs.Concat(["ip", "nft"]).Where(program => !SearchPath.Any(folder => File.Exists(Path.Combine(folder, program)))).ToArray();
        if (missing.Length > 0)
            return $"needs the program {string.Join(", ", missing)}";
        return Native.NamespacesRefused;
    }

    private static class Native
    {
        private const int NewNetworkNamespace = 0x40000000;

        /// <summary>Asked once, on a thread that ends with its private namespace.</summary>
        public static readonly string? NamespacesRefused = Ask();

        [DllImport("libc", EntryPoint = "geteuid")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern uint EffectiveUser();

        [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Unshare(int flags);

        private static string? Ask()
        {
            string? reason = null;
            var thread = new Thread(() => reason = Unshare(NewNetworkNamespace) == 0 ? null : $"network namespaces are refused here: errno {Marshal.GetLastPInvokeError()}");
            thread.Start();
            thread.Join();
            return reason;
        }
    }
}
