using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>The four programs as <c>./build</c> left them in out/bin, the way an operator runs them.</summary>
internal static class Programs
{
    public static string Control => Find("keyhole-control");

    public static string Relay => Find("keyhole-relay");

    public static string Connector => Find("keyhole-connector");

    public static string Client => Find("keyhole");

    /// <summary>The checkout.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Runs a program to its end on this host: status, standard output, standard error.</summary>
    public static (int Status, string Output, string Error) Run(string program, params string[] arguments) => LabProcess.Execute(program, arguments);

    private static string Find(string name)
    {
        string path = Path.Combine(Root, "out", "bin", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: ./build makes it, and ./test calls that first.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Relay.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No Relay.sln above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}
