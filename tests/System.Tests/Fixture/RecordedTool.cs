namespace Keyhole.System.Tests;

/// <summary>A program in front of PATH that does nothing but note how it was called, for tools that would change the machine or need what a lab has not got.</summary>
internal sealed class RecordedTool : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-tool-").FullName;
    private readonly string _log;

    public RecordedTool(string name)
    {
        _log = Path.Combine(_folder, "calls");
        string program = Path.Combine(_folder, name);
        string input = name == "resolvconf" ? """ "< $(cat)" """.Trim() : "";
        File.WriteAllText(program, $"#!/bin/sh\necho \"$@\" {input} >> {_log}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>What a program needs in its environment to find the tool.</summary>
    public Dictionary<string, string> Environment => new() { ["PATH"] = $"{_folder}:{(global::System.Environment.GetEnvironmentVariable("PATH"))}:/usr/sbin:/sbin" };

    /// <summary>The arguments of each call, and of resolvconf what it read.</summary>
    public IReadOnlyList<string> Calls => File.Exists(_log) ? File.ReadAllLines(_log) : [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
