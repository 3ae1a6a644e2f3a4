using System.Globalization;
using System.Text.RegularExpressions;

namespace Keyhole.Control;

/// <summary>Reads "ssh" of a resource: true, or { daemon: external, sudo: full, … }.</summary>
internal sealed partial class SshReader(Findings findings)
{
    public const int MaximumGroups = 32;
    public const int MaximumCommands = 64;
    public const int MaximumCommandLength = 1024;

    private const string Example = "{ daemon: external, sudo: none, groups: [] }";
    private const string SudoFix = "write none, full, or a list like [\"/usr/bin/systemctl restart web\"]";
    private const string CommandFix = "write the path from the root with its arguments, like \"/usr/bin/systemctl restart web\"";

    /// <returns>Null where nobody logs in there.</returns>
    public SshSettings? Read(Section resource, Destination destination, string? alias)
    {
        SshSettings? settings;
        switch (resource.Find("ssh"))
        {
            case null:
                return null;
            case ScalarNode { Plain: true, Value: "true" or "false" } flag:
                settings = flag.Value == "true" ? SshSettings.Default : null;
                break;
            case MappingNode mapping:
                settings = Read(new Section(mapping, resource.PathOf("ssh"), findings, "daemon", "port", "pin", "sudo", "groups", "shell", "home"));
                break;
            case var other:
                findings.Add(other, resource.PathOf("ssh"), $"this is {other.Kind}, a group of keys is needed", $"write ssh: true, or ssh: {Example}");
                return null;
        }

        if (settings is not null)
            CheckHost(resource, destination, alias);
        return settings;
    }

    /// <summary>People log in to one host: not to a network, and not to whatever a pattern may stand for.</summary>
    private void CheckHost(Section resource, Destination destination, string? alias)
    {
        string path = resource.PathOf("ssh");
        if (destination.HostBits != 0)
            findings.Add(resource.Find("ssh")!, path, $"{destination.Text} is a network, people log in to one host", "make a resource whose destination is the address or the name of the host");
        if (alias is not null && alias.AsSpan().IndexOfAny('*', '?') >= 0)
            findings.Add(resource.Find("ssh")!, path, $"the alias {alias} stands for many names, people log in to one host", "make a resource with an alias without * and ?");
    }

    private SshSettings Read(Section section)
    {
        bool external = ReadDaemon(section);
        foreach (string key in new[] { "port", "pin" })
        {
            if (!external && section.Find(key) is { } node)
                findings.Add(node, section.PathOf(key), $"only an external daemon has a {key}", $"write daemon: external, or leave {key} out");
        }

        var (sudo, commands) = ReadSudo(section);
        return new SshSettings
        {
            External = external,
            Port = ReadPort(section),
            Pin = ReadPin(section),
            Sudo = sudo,
            SudoCommands = commands,
            Groups = ReadGroups(section),
            Shell = ReadPath(section, "shell", "/bin/bash"),
            Home = ReadPath(section, "home", "/home"),
        };
    }

    private bool ReadDaemon(Section section)
    {
        const string Fix = "write connector where the connector runs on the host itself, external where the host has its own auth daemon";
        if (section.Text("daemon", Fix) is not { } daemon)
            return false;
        if (daemon.Value is not ("connector" or "external"))
            findings.Add(daemon, section.PathOf("daemon"), "no daemon is of this kind", Fix);
        return daemon.Value == "external";
    }

    private int ReadPort(Section section)
    {
        const string Fix = "write the TCP port on which the auth daemon listens, like 22123";
        if (section.Text("port", Fix) is not { } port)
            return SshSettings.DefaultPort;
        if (int.TryParse(port.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= ushort.MaxValue)
            return number;
        findings.Add(port, section.PathOf("port"), "this is no port", Fix);
        return SshSettings.DefaultPort;
    }

    private string? ReadPin(Section section)
    {
        const string Fix = "write the 44 characters that the auth daemon prints when it starts";
        if (section.Text("pin", Fix) is not { } pin)
            return null;
        if (!KeySyntax.IsDigest(pin.Value))
            findings.Add(pin, section.PathOf("pin"), "this is no SHA-256 in base64", Fix);
        return pin.Value;
    }

    private (SshSudoMode Mode, ValueList<string> Commands) ReadSudo(Section section)
    {
        switch (section.Find("sudo"))
        {
            case null:
            case ScalarNode { Value: "none" }:
                return (SshSudoMode.None, []);
            case ScalarNode { Value: "full" }:
                return (SshSudoMode.Full, []);
            case SequenceNode { Items.Count: > 0 and <= MaximumCommands } list:
                return (SshSudoMode.Commands, ReadCommands(section, list));
            case SequenceNode { Items.Count: 0 } empty:
                findings.Add(empty, section.PathOf("sudo"), "the list is empty", SudoFix);
                break;
            case SequenceNode many:
                findings.Add(many, section.PathOf("sudo"), $"the list has more than {MaximumCommands} commands", "write full, or make one script of them");
                break;
            case var other:
                findings.Add(other, section.PathOf("sudo"), "this is no right", SudoFix);
                break;
        }

        return (SshSudoMode.None, []);
    }

    private ValueList<string> ReadCommands(Section section, SequenceNode list)
    {
        var commands = new List<string>();
        for (int i = 0; i < list.Items.Count; i++)
        {
            string path = $"{section.PathOf("sudo")}[{i}]";
            if (section.AsScalar(list.Items[i], path, CommandFix) is not { } command)
                continue;
            if (!command.Value.StartsWith('/') || command.Value.StartsWith("/ ", StringComparison.Ordinal) || command.Value.Length < 2)
                findings.Add(command, path, "this command has no path from the root", CommandFix);
            else if (command.Value.Any(letter => char.IsControl(letter) || letter is '\u2028' or '\u2029'))
                findings.Add(command, path, "this command holds a line break or another control character", CommandFix);
            else if (command.Value.Length > MaximumCommandLength)
                findings.Add(command, path, $"this command is longer than {MaximumCommandLength} characters", "make a script of it, and write its path");
            else if (commands.Contains(command.Value))
                findings.Add(command, path, "this is in the list twice", "keep one of them");
            else
                commands.Add(command.Value);
        }

        return commands.ToValueList();
    }

    private ValueList<string> ReadGroups(Section section)
    {
        const string Fix = "write the name of a group on the host, like docker";
        var groups = new List<string>();
        foreach (var item in section.List("groups", "docker"))
        {
            string path = $"{section.PathOf("groups")}[{groups.Count}]";
            if (section.AsScalar(item, path, Fix) is not { } group)
                continue;
            if (!GroupName().IsMatch(group.Value))
                findings.Add(group, path, "this is no name of a group", Fix);
            else if (groups.Contains(group.Value))
                findings.Add(group, path, "this is in the list twice", "keep one of them");
            else if (groups.Count == MaximumGroups)
                findings.Add(group, path, $"more than {MaximumGroups} groups are in the list", "leave out the others");
            else
                groups.Add(group.Value);
        }

        return groups.ToValueList();
    }

    private string? ReadPath(Section section, string key, string example)
    {
        string fix = $"write a path from the root like {example}";
        if (section.Text(key, fix) is not { } path)
            return null;
        if (!AbsolutePath().IsMatch(path.Value) || path.Value.Split('/').Any(part => part is "." or ".."))
            findings.Add(path, section.PathOf(key), "this is no path from the root of letters, digits, dots, hyphens and underscores", fix);
        return path.Value;
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]{0,31}\z")]
    private static partial Regex GroupName();

    [GeneratedRegex(@"\A(/[A-Za-z0-9_.-]+)+\z")]
    private static partial Regex AbsolutePath();
}
