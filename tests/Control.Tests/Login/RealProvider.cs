using System.Diagnostics;

namespace Keyhole.Control.Tests;

/// <summary>The npm package oidc-provider in a process of its own, as tests/Control.Tests/OpenIdProvider describes it.</summary>
internal sealed class RealProvider : IDisposable
{
    public const string ClientId = "keyhole";
    public const string ClientSecret = "a secret of the client, only for this test";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly Lock Installing = new();

    private readonly Process _process;

    private RealProvider(Process process, Uri issuer)
    {
        _process = process;
        Issuer = issuer;
    }

    public Uri Issuer { get; }

    public static async Task<RealProvider> StartAsync(Uri callback)
    {
        string source = Path.Combine(Root(), "tests", "Control.Tests", "OpenIdProvider");
        var process = Start("node", source, Path.Combine(source, "provider.mjs"), Install(source), callback.AbsoluteUri);
        using var deadline = new CancellationTokenSource(Patience);
        return await process.StandardOutput.ReadLineAsync(deadline.Token) is { } issuer
            ? new RealProvider(process, new Uri(issuer))
            : throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(deadline.Token));
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The packages of the lock file, once per checkout.</summary>
    private static string Install(string source)
    {
        string folder = Path.Combine(Root(), "out", "tools", "openid-provider");
        lock (Installing)
        {
            string done = Path.Combine(folder, "installed");
            if (File.Exists(done))
                return folder;
            Directory.CreateDirectory(folder);
            foreach (string file in new[] { "package.json", "package-lock.json" })
                File.Copy(Path.Combine(source, file), Path.Combine(folder, file), overwrite: true);
            using var npm = Start("npm", folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
            var output = npm.StandardOutput.ReadToEndAsync();
            var error = npm.StandardError.ReadToEndAsync();
            if (!npm.WaitForExit(Patience) || npm.ExitCode != 0)
                throw new InvalidOperationException($"npm ci failed: {error.Result}{output.Result}");
            File.WriteAllText(done, "");
        }

        return folder;
    }

    private static Process Start(string program, string folder, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        RedirectStandardInput = true,
    })!;

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Relay.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No Relay.sln above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}
