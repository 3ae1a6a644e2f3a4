using System.Text.RegularExpressions;

namespace Keyhole.System.Tests;

/// <summary>A unit of packaging/systemd, with its drop-in where there is one, as far as systemd.exec(5) is needed to start its program without systemd.</summary>
internal sealed partial class SystemdUnit
{
    private readonly List<(string Key, string Value)> _settings = [];

    private SystemdUnit(string name) => Name = name;

    /// <summary>"keyhole-relay".</summary>
    public string Name { get; }

    /// <summary>The folder that is shipped.</summary>
    public static string Folder { get; } = Path.Combine(Programs.Root, "packaging", "systemd");

    /// <summary>All that are shipped.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Directory.GetFiles(Folder, "*.service").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    /// <summary>What is not root and has no capability but these.</summary>
    public string[] Capabilities => Words("CapabilityBoundingSet");

    /// <param name="dropIn">Such as "auth-daemon"; null for none.</param>
    public static SystemdUnit Read(string name, string? dropIn = null)
    {
        var unit = new SystemdUnit(name);
        unit.Add(Path.Combine(Folder, $"{name}.service"));
        if (dropIn is not null)
            unit.Add(Path.Combine(Folder, $"{name}.service.d", $"{dropIn}.conf"));
        return unit;
    }

    /// <summary>The value that is in force: the last; empty where there is none.</summary>
    public string Value(string key) => _settings.LastOrDefault(setting => setting.Key == key).Value ?? "";

    /// <summary>All values of a list; an empty one takes back those before it.</summary>
    public IReadOnlyList<string> List(string key) =>
        [.. _settings.Where(setting => setting.Key == key).Aggregate(new List<string>(), (list, setting) => setting.Value.Length == 0 ? [] : [.. list, setting.Value])];

    /// <summary>As <see cref="List"/>; sets of words are one list here, with what a drop-in takes back.</summary>
    public string[] Words(string key) => [.. List(key).SelectMany(value => value.Split(' ')).Distinct(StringComparer.Ordinal)];

    /// <summary>The program and its arguments, the program by its file name.</summary>
    public string[] Command => Value("ExecStart").Replace("/usr/local/bin/", "", StringComparison.Ordinal).Split(' ');

    /// <summary>The variables that the program gets, with what EnvironmentFile holds.</summary>
    /// <param name="file">Of EnvironmentFile: its lines.</param>
    /// <param name="credentials">What stands for %d.</param>
    /// <param name="states">What stands for %S.</param>
    public Dictionary<string, string> Environment(IEnumerable<string> file, string credentials, string states) =>
        List("Environment").Select(line => line.Replace("%d", credentials, StringComparison.Ordinal).Replace("%S", states, StringComparison.Ordinal)).Concat(file)
            .Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);

    /// <summary>The credentials by name, and the files that systemd reads.</summary>
    public IReadOnlyDictionary<string, string> Credentials => List("LoadCredential").Select(line => line.Split(':')).ToDictionary(parts => parts[0], parts => parts[1]);

    private void Add(string path)
    {
        foreach (string line in File.ReadLines(path))
            if (Setting().Match(line) is { Success: true } match)
                _settings.Add((match.Groups[1].Value, match.Groups[2].Value));
    }

    [GeneratedRegex("^([A-Za-z]+)=(.*)$")]
    private static partial Regex Setting();
}
