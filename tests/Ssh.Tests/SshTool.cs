using System.Diagnostics;

namespace Keyhole.Ssh.Tests;

/// <summary>OpenSSH's own tools, in a directory of the test that goes with it.</summary>
internal sealed class SshTool : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-ssh").FullName;

    /// <summary>What ssh-keygen makes: the key's name, and what it is asked for.</summary>
    public static TheoryData<string, string[]> KeyTypes { get; } = new()
    {
        { "ssh-ed25519", ["-t", "ed25519"] },
        { "ecdsa-sha2-nistp256", ["-t", "ecdsa", "-b", "256"] },
        { "ecdsa-sha2-nistp384", ["-t", "ecdsa", "-b", "384"] },
        { "ecdsa-sha2-nistp521", ["-t", "ecdsa", "-b", "521"] },
        { "ssh-rsa", ["-t", "rsa", "-b", "2048"] },
    };

    public string PathOf(string name) => Path.Combine(_directory, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        return PathOf(name);
    }

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(PathOf(name), content);
        return PathOf(name);
    }

    /// <summary>The public line of a key that ssh-keygen makes.</summary>
    public string MakeKey(string name, params string[] type)
    {
        Run("ssh-keygen", ["-q", "-N", "", "-C", "a comment", "-f", PathOf(name), .. type]);
        return File.ReadAllText(PathOf(name + ".pub")).TrimEnd();
    }

    public string Run(string program, params string[] arguments)
    {
        var (code, text) = Try(program, new Dictionary<string, string>(), arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}: {text}");
        return text;
    }

    /// <summary>Standard output and standard error together.</summary>
    public (int Code, string Text) Try(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = _directory };
        start.Environment["TZ"] = "UTC";
        start.Environment["HOME"] = _directory;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
