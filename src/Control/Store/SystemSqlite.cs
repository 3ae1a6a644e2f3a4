using System.Runtime.InteropServices;
using SQLitePCL;

namespace Keyhole.Control;

/// <summary>
/// Chooses the SQLite engine: the operating system's own, which the operating system patches, when it is recent enough; else
/// the copy that was built into the program.
/// </summary>
internal static class SystemSqlite
{
    public const int MinimumVersion = 3_040_000;

    private const string ProviderName = "e_sqlite3";
    private static readonly string[] SystemNames = OperatingSystem.IsMacOS() ? ["libsqlite3.dylib"] : ["libsqlite3.so.0", "libsqlite3.so"];
    private static readonly Lazy<string> Used = new(() => Register(SystemNames));

    /// <summary>Registers the engine for this process and says which one it is: "3.40.1 of the system".</summary>
    public static string Use() => Used.Value;

    /// <summary>The first of the named libraries that is recent enough; zero where none is.</summary>
    public static IntPtr Load(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out var library))
                continue;
            if (NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out var address)
                && Marshal.GetDelegateForFunctionPointer<VersionNumber>(address)() >= MinimumVersion)
                return library;
            NativeLibrary.Free(library);
        }

        return IntPtr.Zero;
    }

    private static string Register(IReadOnlyList<string> names)
    {
        var system = Load(names);
        if (system != IntPtr.Zero)
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == ProviderName ? system : IntPtr.Zero);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        raw.FreezeProvider();
        return $"{raw.sqlite3_libversion().utf8_to_string()} {(system == IntPtr.Zero ? "built in" : "of the system")}";
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int VersionNumber();
}
