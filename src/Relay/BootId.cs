namespace Keyhole.Relay;

/// <summary>What changes when the machine starts, and with it the zero of the monotonic clock.</summary>
internal static class BootId
{
    private const string LinuxFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>16 bytes. Where the system has no such thing they are new at every call: every start is then taken for another boot.</summary>
    public static byte[] Read()
    {
        if (File.Exists(LinuxFile) && Guid.TryParse(File.ReadAllText(LinuxFile).Trim(), out var boot))
            return boot.ToByteArray();
        return Guid.NewGuid().ToByteArray();
    }
}
