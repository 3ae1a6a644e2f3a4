using System.Runtime.InteropServices;

namespace Keyhole.SshHost;

/// <summary>What a directory holds, brought to the disk (fsync(2)): a name that was changed in it is there after a power cut.</summary>
internal static class Directories
{
    private const int ReadOnly = 0;

    public static void Flush(string directory)
    {
        int handle = Open(directory, ReadOnly);
        if (handle < 0)
            throw new IOException($"The directory {directory} cannot be opened.");
        try
        {
            if (Synchronise(handle) != 0)
                throw new IOException($"The directory {directory} cannot be written to the disk.");
        }
        finally
        {
            _ = Close(handle);
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Synchronise(int handle);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
