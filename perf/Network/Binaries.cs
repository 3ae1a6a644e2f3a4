using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>The programs under test as <c>./build</c> left them in out/bin, and where the checkout is.</summary>
internal static class Binaries
{
    internal static string Control => Find("keyhole-control");

    internal static string Relay => Find("keyhole-relay");

    internal static string Connector => Find("keyhole-connector");

    internal static string Client => Find("keyhole");

    /// <summary>The checkout.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>Runs a program to its end and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It ended with a status other than 0; the message holds what it printed.</exception>
    internal static string Run(string program, params string[] arguments) => LabProcess.Run(program, arguments);

    private static string Find(string name)
    {
        string path = Path.Combine(Root, "out", "bin", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: ./build makes it, and ./bench calls that first.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Relay.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No Relay.sln above {AppContext.BaseDirectory}: run the benchmarks from a checkout.");
    }
}
