using System.Reflection;
using System.Runtime.InteropServices;

namespace Keyhole.Cryptography;

/// <summary>The door to libsodium: finds the library, checks its version and constants, and runs the self test, once per process.</summary>
public static class Sodium
{
    /// <summary>libsodium 1.0.16, the first with every function bound here at its present size.</summary>
    private const int LeastMajorVersion = 10;

    private const int FirstSoname = 23;
    private const int LastSoname = 64;

    private static readonly Lock s_gate = new();
    private static volatile bool s_available;
    private static nint s_library;

    /// <summary>The version that the loaded library gives itself, for example "1.0.18".</summary>
    /// <exception cref="SodiumUnavailableException">As <see cref="EnsureAvailable"/>.</exception>
    public static string Version
    {
        get
        {
            EnsureAvailable();
            return Marshal.PtrToStringUTF8(Libsodium.sodium_version_string()) ?? "unknown";
        }
    }

    /// <summary>Programs call this at start, so that a missing library ends them with one clear line.</summary>
    /// <exception cref="SodiumUnavailableException">The library is missing, too old, or fails its self test.</exception>
    public static void EnsureAvailable()
    {
        if (!s_available)
            Initialize();
    }

    private static void Initialize()
    {
        lock (s_gate)
        {
            if (s_available)
                return;
            if (s_library == 0)
            {
                s_library = Load(Candidates(), typeof(Sodium).Assembly);
                NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, (name, _, _) => name == Libsodium.Name ? s_library : 0);
            }
            if (Libsodium.sodium_init() < 0)
                throw new SodiumUnavailableException("libsodium refuses to start (sodium_init failed).");
            int major = Libsodium.sodium_library_version_major();
            if (major < LeastMajorVersion)
                throw new SodiumUnavailableException($"libsodium is too old (interface {major}, {LeastMajorVersion} is needed). Install the Debian package libsodium23.");
            SodiumSelfTest.Run();
            s_available = true;
        }
    }

    /// <summary>The first of the names that loads.</summary>
    internal static nint Load(IEnumerable<string> names, Assembly assembly)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, assembly, null, out nint library))
                return library;
        }
        throw new SodiumUnavailableException(OperatingSystem.IsWindows()
            ? "libsodium.dll is missing. Put the x64 one of the libsodium project (1.0.18 or newer) beside this program."
            : "libsodium is missing. Install the Debian package libsodium23 (apt-get install libsodium23).");
    }

    internal static IEnumerable<string> Candidates()
    {
        if (OperatingSystem.IsWindows())
            return ["libsodium.dll"];
        if (OperatingSystem.IsMacOS())
            return ["libsodium.dylib"];
        return Enumerable.Range(FirstSoname, LastSoname - FirstSoname + 1).Select(soname => $"libsodium.so.{soname}").Append("libsodium.so");
    }
}
